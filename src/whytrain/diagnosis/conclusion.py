"""From a run's evidence to what is wrong with it and what the next run should change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whytrain.data.lexicon import WordNet
from whytrain.diagnosis.detectors import diagnose
from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Diagnosis
from whytrain.diagnosis.of_words import METHOD
from whytrain.diagnosis.overrides import Plan, make_plan
from whytrain.diagnosis.rules import RuleBook
from whytrain.errors import ConfigError


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
    return diagnosis, make_plan(diagnosis, book, config, run_id, _unusable(evidence, diagnosis, book, config))


def _unusable(
    evidence: RunEvidence, diagnosis: Diagnosis, book: RuleBook, config: Mapping[str, Any]
) -> Mapping[str, str]:
    """Say which keys the run gives the next one no ground for."""
    reasons: dict[str, str] = {}
    names = [name for finding in diagnosis.findings for name in book.findings[finding.name].recommend]
    if any("guidance.synonyms" in book.recommendations[name].overrides for name in names):
        try:
            WordNet()
        except ConfigError as error:
            reasons["guidance.synonyms"] = str(error)
    if not config["tracking"]["log_text"]:
        reason = "this run keeps its words private (tracking.log_text=false): nothing can be looked up"
        reasons |= dict.fromkeys(_OF_WORDS, reason)
    elif (explained := evidence.attributions(METHOD)) is None or explained.vocabulary is None:
        reason = "this run ranked no words; callbacks.explanations.vocabulary_sentences says how many"
        reasons |= dict.fromkeys(_OF_WORDS, reason)
    if evidence.surrogate is None:
        reasons["guidance.upweight"] = "this run distilled no students"
    return reasons
