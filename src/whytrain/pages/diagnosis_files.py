"""A diagnosis in a folder, and in a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from whytrain.config.override_words import words_of
from whytrain.diagnosis.finding import Diagnosis, Finding, in_words
from whytrain.diagnosis.overrides import Plan, plan_text
from whytrain.pages.diagnosis import diagnosis_page
from whytrain.runs.diagnosis import findings_text


def write_diagnosis(
    folder: Path, diagnosis: Diagnosis, plan: Plan, run_name: str, run_id: str, suspects: str = ""
) -> None:
    """Write `diagnosis.html`, `findings.json` and `overrides.yaml` into a folder, which is made.

    Args:
        folder: where to.
        diagnosis: words hidden already where they are private.
        plan: what is recommended.
        run_name: the name that people see.
        run_id: MLflow's.
        suspects: see `diagnosis_page`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = diagnosis_page(diagnosis, plan, run_name, run_id, suspects)
    (folder / "diagnosis.html").write_text(page, "utf-8")
    (folder / "findings.json").write_text(findings_text(diagnosis, plan), "utf-8")
    (folder / "overrides.yaml").write_text(plan_text(plan.strategies, run_id), "utf-8")


def told(diagnosis: Diagnosis, plan: Plan, run_name: str, absent: Sequence[str]) -> Iterator[str]:
    """Yield what a terminal shows: findings, recommendations, and what could not be looked at.

    Args:
        diagnosis: words hidden already where they are private.
        plan: what is recommended.
        run_name: the name that people see.
        absent: names of evidence that the run does not hold.
    """
    yield from map(_finding, diagnosis.findings)
    if not diagnosis.findings:
        yield f"{run_name}: no findings in {len(diagnosis.measurements)} things looked at"
    for strategy in plan.strategies:
        yield f"recommended: {strategy.text} {' '.join(words_of(strategy.overrides))}"
    for advice in plan.advice:
        yield f"for you to do: {advice.text}"
    for name, reason in plan.skipped.items():
        yield f"not followed: {name}: {reason}"
    if absent:
        yield f"{run_name} holds no evidence of {', '.join(absent)}; what rests on it was not examined"


def _finding(finding: Finding) -> str:
    value, low, high = (in_words(v, finding.unit) for v in (finding.value, finding.low, finding.high))
    interval = "" if finding.low == finding.high else f" ({low} to {high})"
    return f"{finding.severity}: {finding.title}: {value}{interval}. {finding.message}"
