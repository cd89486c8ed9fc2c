"""Whether a model can do what everybody can: tests made of templates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
from annotated_types import Ge

from whytrain.analyses.analysis import Analysis, AnalysisResult, Need, Progress
from whytrain.analyses.charts import Bars
from whytrain.analyses.subject import Subject
from whytrain.counted import counted
from whytrain.data.label_names import few_of
from whytrain.presentation.wording import percent
from whytrain.robustness.checklist import Outcome, read_suite, run_tests

_SURE = 0.9  # share of its cases that a test passes where an ability is there


class ChecklistAnalysis(Analysis):
    """Share of passed cases, test by test."""

    name = "checklist"
    title = "Can it do what everybody can?"
    needs: tuple[Need, ...] = ("one_class",)
    shown_by_default = True

    def __init__(self, *, tests: str | None, cases: Annotated[int, Ge(2)]) -> None:
        """Read the tests.

        Args:
            tests: a file of tests; None: the packaged ones.
            cases: of a test, at most.

        Raises:
            ConfigError: the file cannot be read.
        """
        self._suite, self._cases = read_suite(None if tests is None else Path(tests)), cases

    def missing(self, subject: Subject) -> str | None:
        """Say that no class plays a role of the tests, where that is so."""
        if (reason := super().missing(subject)) is not None:
            return reason
        roles = self._suite.classes
        if any(self._suite.class_of(role, subject.class_names) is not None for role in roles):
            return None
        return (
            f"analysis=checklist tests for classes called {' and '.join(roles)}, and these are "
            f"{few_of(subject.class_names)}: give tests of your own, analysis.checklist.tests=FILE.yaml"
        )

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Run all tests."""
        outcomes, left_out = run_tests(
            subject.saved.probabilities,
            self._suite,
            subject.class_names,
            most=self._cases,
            seed=subject.seed,
            level=subject.level,
        )
        return AnalysisResult(
            verdict=_verdict(outcomes),
            how_to_read=(
                "Each test is many sentences made of a few templates, for which everybody knows the answer, "
                "or that it must not change. The interval is over the words that stand in them: what a "
                "model does with a word in one template it does in others."
            ),
            remarks=tuple(f"Left out: {reason}." for reason in left_out),
            tables={"tests": _table(outcomes), "failures": _failures(outcomes)},
            charts=(
                Bars(
                    name="tests",
                    title="What it passes",
                    subtitle=f"share of cases; {subject.level:.0%} intervals",
                    labels=tuple(f"{each.ability}: {each.name}" for each in outcomes),
                    series={"passed": tuple(each.share for each in outcomes)},
                    x="share of cases passed",
                    reference=1.0,
                ),
            ),
            metrics={each.name.replace(" ", "_"): each.share.estimate for each in outcomes},
        )


def _verdict(outcomes: Sequence[Outcome]) -> str:
    worst = min(outcomes, key=lambda each: each.share.estimate)
    surely = sum(each.share.high < _SURE for each in outcomes)
    if not surely:
        return f"No test of {len(outcomes)} surely fails in more than a tenth of its cases."
    found = f"Of {counted(len(outcomes), 'test')} {surely} surely fail in more than a tenth of the cases."
    share = worst.share
    example = f", such as “{worst.failures[0]}”" if worst.failures else ""
    return (
        f"{found} Worst is {worst.ability}, “{worst.name}”: {percent(share.estimate)} pass "
        f"({percent(share.low)} to {percent(share.high)}){example}."
    )


def _table(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "ability": each.ability,
                "test": each.name,
                "cases": each.n_cases,
                "passed": each.share.estimate,
                "low": each.share.low,
                "high": each.share.high,
            }
            for each in outcomes
        ]
    )


def _failures(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    rows = [{"test": each.name, "text": text} for each in outcomes for text in each.failures]
    return pd.DataFrame(rows, columns=["test", "text"])
