"""From a run's evidence to what is wrong with it and what the next run should change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whytrain.data.lexicon import WordNet, is_english
from whytrain.diagnosis.detectors import diagnose
from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Diagnosis
from whytrain.diagnosis.of_classes import missed_though_frequent
from whytrain.diagnosis.of_words import METHOD
from whytrain.diagnosis.overrides import Plan, make_plan
from whytrain.diagnosis.rules import RuleBook
from whytrain.errors import ConfigError
from whytrain.fairness.evidence import LEAST_EFFECT, moving
from whytrain.guidance.guidance_settings import ACT_ON_NAMED
from whytrain.shortcuts.evidence import ShortcutEvidence


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """What a run's diagnosis came to.

    Attributes:
        diagnosis: words hidden where they are private.
        plan: what is recommended.
    """

    diagnosis: Diagnosis
    plan: Plan


_OF_WORDS = ("guidance.mask", "guidance.replace", "guidance.synonyms")
_OF_MARKS = ("guidance.marks", "guidance.swap", "guidance.swap_order")


def conclude(
    evidence: RunEvidence, book: RuleBook, config: Mapping[str, Any], run_id: str
) -> tuple[Diagnosis, Plan]:
    """Let all detectors look, and plan what to do about their findings.

    Args:
        evidence: of the run.
        book: rules and recommendations.
        config: the run's resolved config, which says whether its text is private.
        run_id: of the run.
    """
    diagnosis = diagnose(evidence, book.findings)
    unusable = _unusable(evidence, diagnosis, book, config)
    least = {"trainer.min_steps": config["trainer"].get("min_steps", 0)}
    ungrounded, trained = _ungrounded(evidence), _as_trained(config, evidence)
    return diagnosis, make_plan(diagnosis, book, trained, run_id, unusable, least, ungrounded)


def _ungrounded(evidence: RunEvidence) -> Mapping[tuple[str, str], str]:
    """Say for which finding a key does nothing, though it may for another: by finding and key."""
    if not evidence.validation.predictions.exclusive:
        return {}  # no key is usable that this would be about
    shortcuts, fairness = evidence.shortcuts, evidence.fairness
    reasons = {("missed_class", "objective.class_weights"): missed_though_frequent(evidence)}
    if shortcuts is not None and shortcuts.shortcuts and not _has_words(shortcuts):
        reasons["shortcut", "guidance.swap"] = "only orders of two words were found to be shortcuts"
    if fairness is not None and not fairness.n_marks:
        reasons["unfair_to_terms", "guidance.swap"] = (
            "no two words that could stand for each other both stand in the training texts"
            if moving(fairness.effects)
            else f"only words that surely move a probability by more than {LEAST_EFFECT:g} are exchanged"
        )
    return {where: reason for where, reason in reasons.items() if reason}


def _has_words(found: ShortcutEvidence) -> bool:
    """Whether words were convicted, alone or together, and not only their order."""
    kinds = {candidate.feature.kind for candidate in found.shortcuts}
    return bool(kinds - {"ordered_pair"}) or (found.group is not None and found.group.is_shortcut)


def _unmarked(found: ShortcutEvidence, n_identity_marks: int) -> dict[str, str]:
    """Say which way to repair there is nothing for among what was found."""
    reasons = {}
    if found.group is None or not found.group.is_shortcut:
        reasons["guidance.rare_words"] = "no words were found to mislead together"
    if not any(candidate.feature.kind == "ordered_pair" for candidate in found.shortcuts):
        reasons["guidance.swap_order"] = "no order of two words was found to be a shortcut"
    if not _has_words(found) and not n_identity_marks:
        reasons["guidance.swap"] = "no words were found that must not decide"
    return reasons


def _as_trained(config: Mapping[str, Any], evidence: RunEvidence) -> Mapping[str, Any]:
    """Return a config whose least number of steps is the one that was taken: what more is more than."""
    if evidence.history is None:
        return config
    return {**config, "trainer": {**config["trainer"], "min_steps": evidence.history.n_steps}}


def _unusable(
    evidence: RunEvidence, diagnosis: Diagnosis, book: RuleBook, config: Mapping[str, Any]
) -> Mapping[str, str]:
    """Say which keys the run gives the next one no ground for."""
    if not evidence.validation.predictions.exclusive:
        reason = "it needs classes that exclude each other, and these are labels that do not"
        return dict.fromkeys((*ACT_ON_NAMED, "objective.class_weights"), reason)
    reasons: dict[str, str] = {}
    n_identity_marks = evidence.fairness.n_marks if evidence.fairness is not None else 0
    if evidence.shortcuts is not None:
        reasons |= _unmarked(evidence.shortcuts, n_identity_marks)
    names = [name for finding in diagnosis.findings for name in book.findings[finding.name].recommend]
    if any("guidance.synonyms" in book.recommendations[name].overrides for name in names):
        reasons |= _no_synonyms(evidence)
    if not config["tracking"]["log_text"]:
        reason = "this run keeps its words private (tracking.log_text=false): nothing can be looked up"
        reasons |= dict.fromkeys((*_OF_WORDS, *_OF_MARKS), reason)
    elif (explained := evidence.attributions(METHOD)) is None or explained.vocabulary is None:
        reason = "this run ranked no words; callbacks.explanations.vocabulary_sentences says how many"
        reasons |= dict.fromkeys(_OF_WORDS, reason)
    elif any(finding.name == "shortcut" for finding in diagnosis.findings):
        reason = "the shortcut comes first: which words decide without it, the next run says"
        reasons |= dict.fromkeys((*_OF_WORDS, "objective.word_masking"), reason)
    if evidence.surrogate is None:
        reasons["guidance.upweight"] = "this run distilled no students"
    return reasons


def _no_synonyms(evidence: RunEvidence) -> Mapping[str, str]:
    """Say why no synonyms can be had of the words that the run ranked."""
    explained = evidence.attributions(METHOD)
    words = None if explained is None else explained.vocabulary
    counts = (
        {} if words is None else {str(w): int(n) for w, n in words.groupby("word")["count"].sum().items()}
    )
    if counts and not is_english(counts):
        return {"guidance.synonyms": "synonyms are known of English words, and these texts are not English"}
    try:
        WordNet()
    except ConfigError as error:
        return {"guidance.synonyms": str(error)}
    return {}
