"""All detectors by name: each looks at a run's evidence and returns a value, or why it could not look."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from whytrain.diagnosis import (
    of_classes,
    of_data,
    of_people,
    of_predictions,
    of_robustness,
    of_shortcuts,
    of_surrogates,
    of_tokens,
    of_words,
)
from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import SEVERITIES, Diagnosis, Finding, Measurement, NotExamined, in_words
from whytrain.diagnosis.rules import FindingRule

Detector = Callable[[RunEvidence], Measurement | NotExamined]

DETECTORS: Mapping[str, Detector] = {
    function.__name__: function
    for function in (
        of_shortcuts.shortcut,
        of_words.few_token_dependence,
        of_words.few_token_dependence_removed,
        of_words.accuracy_on_two_words,
        of_words.shortcut_pairs,
        of_words.neglected_ends,
        of_words.attention_concentration,
        of_surrogates.students_disagree,
        of_surrogates.dominant_dimension,
        of_surrogates.overconfident_rules,
        of_predictions.overconfidence,
        of_predictions.no_safe_threshold,
        of_predictions.undertraining,
        of_predictions.overfitting,
        of_predictions.above_the_floor,
        of_people.unfair_to_terms,
        of_people.worse_for_a_group,
        of_classes.missed_class,
        of_classes.uncovered_class,
        of_classes.imbalance,
        of_tokens.unknown_tokens,
        of_tokens.cut_texts,
        of_robustness.lost_to_typos,
        of_data.contradictory_labels,
        of_data.mislabeled,
        of_data.leaking_split,
    )
}


# They compare one predicted class with one gold class.
_OF_ONE_CLASS = frozenset(
    {
        "shortcut",
        "unfair_to_terms",
        "worse_for_a_group",
        "students_disagree",
        "dominant_dimension",
        "overconfident_rules",
        "overconfidence",
        "no_safe_threshold",
        "uncovered_class",
        "imbalance",
        "contradictory_labels",
        "mislabeled",
        "lost_to_typos",
    }
)


def diagnose(run: RunEvidence, rules: Mapping[str, FindingRule]) -> Diagnosis:
    """Let every detector look, and hold what it measured against its rule.

    Args:
        run: the evidence.
        rules: by detector; a detector without a rule measures only.
    """
    measurements: dict[str, Measurement] = {}
    not_examined: dict[str, str] = {}
    findings: list[Finding] = []
    for name, detector in DETECTORS.items():
        if name in _OF_ONE_CLASS and not run.validation.predictions.exclusive:
            not_examined[name] = "it needs classes that exclude each other, and these are labels that do not"
            continue
        result = detector(run)
        if isinstance(result, NotExamined):
            not_examined[name] = result.reason
            continue
        measurements[name] = result
        rule = rules.get(name)
        if rule is not None and rule.is_met(result.value):
            findings.append(_finding(name, result, rule))
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Diagnosis(findings=tuple(findings), measurements=measurements, not_examined=not_examined)


def _finding(name: str, measured: Measurement, rule: FindingRule) -> Finding:
    value, unit = measured.value, measured.unit
    numbers = {
        "value": value.estimate,
        "low": value.low,
        "high": value.high,
        "threshold": rule.threshold,
    }
    wording = rule.wording(value)
    told = {key: in_words(number, unit) for key, number in numbers.items()}
    return Finding(
        name=name,
        **numbers,
        unit=unit,
        severity=rule.severity,
        title=wording.title,
        message=wording.text.format(**told, detail=measured.detail).strip(),
        evidence=measured.evidence,
    )
