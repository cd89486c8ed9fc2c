"""The questions to a run: shares against the model itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from subjects import subject

from whytrain.analyses.analysis import AnalysisResult
from whytrain.data.lexicon import NoLexicon
from whytrain.robustness import analysis
from whytrain.robustness.analysis import DRAWN, LEFT_OUT, SYNONYMS, TYPOS, RobustnessAnalysis
from whytrain.robustness.checklist_analysis import ChecklistAnalysis

ANALYSIS = RobustnessAnalysis(sentences=20, longest=6, most=3, left_out=2, budget=100)


class FewSynonyms:
    """Knows two words for each of two, whatever this machine has."""

    def part_of_speech(self, word: str) -> str | None:
        """Return nothing."""

    def antonyms(self, word: str) -> tuple[str, ...]:
        """Return none."""
        return ()

    def synonyms(self, word: str) -> tuple[str, ...]:
        """Return them."""
        return {"good": ("fine", "decent"), "bad": ("poor", "awful")}.get(word, ())


@pytest.fixture(scope="module")
def result() -> Iterator[AnalysisResult]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "lexicon_of", lambda texts: FewSynonyms())
        yield ANALYSIS.analyze(subject(), lambda items, what: items)


def test_all_curves_begin_with_the_accuracy_and_fall(result: AnalysisResult) -> None:
    shares = result.tables["accuracy"]
    by_way = {way: part["right"].to_numpy() for way, part in shares.groupby("change")}
    assert set(by_way) == {TYPOS, SYNONYMS, DRAWN, LEFT_OUT}
    assert by_way[TYPOS][0] == by_way[SYNONYMS][0] == by_way[DRAWN][0]
    assert (np.diff(by_way[SYNONYMS]) <= 0).all()
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


def test_where_synonyms_are_not_known_they_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "lexicon_of", lambda texts: NoLexicon())
    result = ANALYSIS.analyze(subject(), lambda items, what: items)
    assert set(result.tables["accuracy"]["change"]) == {TYPOS, DRAWN, LEFT_OUT}
    assert any("Without synonyms" in remark for remark in result.remarks)


def test_classes_without_a_role_are_asked_for_tests_of_their_own() -> None:
    asked = ChecklistAnalysis(tests=None, cases=20)
    assert asked.missing(subject()) is None
    reason = asked.missing(subject(class_names=("sports", "science")))
    assert reason is not None
    assert "analysis.checklist.tests=FILE.yaml" in reason


def test_the_checklist_names_its_worst_test() -> None:
    result = ChecklistAnalysis(tests=None, cases=20).analyze(subject(), lambda items, what: items)
    tests = result.tables["tests"]
    assert tests.loc[tests["passed"].idxmin(), "test"] in result.verdict
    assert len(result.charts[0].labels) == len(tests)
    assert set(result.tables["failures"]["test"]) == set(tests.loc[tests["passed"] < 1, "test"])
