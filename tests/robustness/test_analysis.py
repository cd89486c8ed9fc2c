"""The questions to a run: shares against the model itself."""

from __future__ import annotations

import numpy as np
import pytest
from subjects import subject

from whytrain.analyses.analysis import AnalysisResult
from whytrain.robustness.analysis import DRAWN, LEFT_OUT, TYPOS, RobustnessAnalysis
from whytrain.robustness.checklist_analysis import ChecklistAnalysis

ANALYSIS = RobustnessAnalysis(sentences=20, longest=6, most=3, left_out=2, budget=100)


@pytest.fixture(scope="module")
def result() -> AnalysisResult:
    return ANALYSIS.analyze(subject(), lambda items, what: items)


def test_all_curves_begin_with_the_accuracy_and_fall(result: AnalysisResult) -> None:
    shares = result.tables["accuracy"]
    by_way = {way: part["right"].to_numpy() for way, part in shares.groupby("change")}
    assert set(by_way) == {TYPOS, DRAWN, LEFT_OUT}  # texts of a few words tell no language
    assert by_way[TYPOS][0] == by_way[DRAWN][0]
    assert (np.diff(by_way[TYPOS]) <= 0).all()
    assert (np.diff(by_way[LEFT_OUT]) <= 0).all()
    assert result.metrics["typos_3"] == by_way[TYPOS][3]


def test_what_turned_is_wrong_and_what_holds_is_right(result: AnalysisResult) -> None:
    asked = subject()
    gold = dict(zip(asked.validation.texts, asked.validation.labels, strict=True))
    changed = result.tables["changed"]
    said = asked.saved.probabilities(changed["changed"].tolist()).argmax(axis=1)
    right = said == np.array([gold[text] for text in changed["text"]])
    assert right.tolist() == changed["holds"].tolist()


def test_one_text_is_told_of_by_its_changes() -> None:
    result = ANALYSIS.analyze(subject(text="the story is boring"), lambda items, what: items)
    assert result.verdict.startswith("Typing errors: ")
    assert result.charts == ()
    assert result.metrics["typos_0"] == 1.0


def test_classes_without_a_role_are_asked_for_tests_of_their_own() -> None:
    analysis = ChecklistAnalysis(tests=None, cases=20)
    assert analysis.missing(subject()) is None
    reason = analysis.missing(subject(class_names=("sports", "science")))
    assert reason is not None
    assert "analysis.checklist.tests=FILE.yaml" in reason


def test_the_checklist_names_its_worst_test() -> None:
    result = ChecklistAnalysis(tests=None, cases=20).analyze(subject(), lambda items, what: items)
    tests = result.tables["tests"]
    assert tests.loc[tests["passed"].idxmin(), "test"] in result.verdict
    assert len(result.charts[0].labels) == len(tests)
    assert set(result.tables["failures"]["test"]) == set(tests.loc[tests["passed"] < 1, "test"])
