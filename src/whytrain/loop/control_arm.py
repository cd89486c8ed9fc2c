"""Why a closed loop has no control arm: what its diagnosis would have had to find."""

from __future__ import annotations

from whytrain.diagnosis.detectors import DETECTORS
from whytrain.diagnosis.finding import in_words
from whytrain.diagnosis.rules import load_rules
from whytrain.guidance.guidance_settings import ACT_ON_NAMED
from whytrain.runs.diagnosis import StoredDiagnosis


def why_no_control(diagnosis: StoredDiagnosis) -> list[str]:
    """Return what was measured, or why not, of all that leads to words or sentences to act on.

    Args:
        diagnosis: of the baseline.
    """
    book = load_rules(None, DETECTORS)
    guided = {name for name, r in book.recommendations.items() if not ACT_ON_NAMED.isdisjoint(r.overrides)}
    told = ["No arm acts on random words instead: none of the changes acts on what explanations name."]
    for name, rule in book.findings.items():
        if guided.isdisjoint(rule.recommend):
            continue
        if name in diagnosis.not_examined:
            told.append(f"“{rule.title}” was not examined: {diagnosis.not_examined[name]}.")
        elif name not in diagnosis.findings and name in diagnosis.measured:
            seen = diagnosis.measured[name]
            value, low, high = (in_words(seen[key], seen["unit"]) for key in ("estimate", "low", "high"))
            told.append(f"“{rule.title}” was not found: {value} (95% interval {low} to {high}).")
    return [*told, *(f"{name} was not followed: {reason}." for name, reason in diagnosis.skipped.items())]
