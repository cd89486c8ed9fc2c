"""The question to a run: what is told is what the model does."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from subjects import subject

from whytrain.analyses.analysis import AnalysisResult
from whytrain.counterfactuals.analysis import CounterfactualsAnalysis
from whytrain.counterfactuals.contrast import contrast_consistency
from whytrain.errors import DataError

ANALYSIS = CounterfactualsAnalysis(sentences=8, longest=5, most=2, candidates=5, budget=200)


@pytest.fixture(scope="module")
def result() -> AnalysisResult:
    return ANALYSIS.analyze(subject(), lambda items, what: items)


def said(texts: list[str]) -> list[str]:
    found: list[str] = subject().saved.predict(texts)["label"].tolist()
    return found


def test_each_pair_differs_in_the_answer_and_waits_for_a_person(result: AnalysisResult) -> None:
    pairs = result.tables["pairs"]
    assert len(pairs) == round(8 * result.metrics["turned_by_replacing"]) > 0
    assert said(pairs["original"].tolist()) == pairs["model_said"].tolist()
    assert said(pairs["text"].tolist()) == pairs["model_says"].tolist()
    assert (pairs["model_said"] != pairs["model_says"]).all()
    assert (pairs["label"] == "").all()
    for row in pairs.itertuples():
        apart = sum(a != b for a, b in zip(row.text.split(), row.original.split(), strict=True))
        assert apart == len(row.changed.split(", ")) <= 2


def test_what_is_left_out_turns_the_answer(result: AnalysisResult) -> None:
    deletions = result.tables["deletions"]
    before, after = said(deletions["text"].tolist()), said(deletions["left"].tolist())
    assert all(a != b for a, b in zip(before, after, strict=True))
    lengths = [
        len(t.split()) - len(x.split()) for t, x in zip(deletions["text"], deletions["left"], strict=True)
    ]
    assert lengths == deletions["words"].tolist()
    assert result.metrics["median_left_out"] == np.median(lengths)
    [chart] = result.charts
    assert chart.series["words left out"][-1].estimate <= result.metrics["turned_by_leaving_out"]


def test_one_text_is_told_of_by_its_words() -> None:
    given = "the plot is good"
    result = ANALYSIS.analyze(subject(text=given), lambda items, what: items)
    assert result.verdict.startswith(f"The answer is {said([given])[0]}.")
    assert result.charts == ()
    assert set(result.tables["pairs"]["original"]) <= {given}
    assert math.isfinite(result.metrics["turned_by_replacing"])


def test_pairs_count_where_both_texts_are_right() -> None:
    asked = subject()
    pairs = ANALYSIS.analyze(asked, lambda items, what: items).tables["pairs"]
    reviewed = pairs.assign(label=pairs["model_says"], original_label=pairs["model_said"])
    whole = contrast_consistency(asked.saved.probabilities, reviewed, asked.class_names)
    assert whole.estimate == 1.0
    reviewed.loc[0, "label"] = pairs.loc[0, "model_said"]  # a person: the answer must not have changed
    one = contrast_consistency(asked.saved.probabilities, reviewed, asked.class_names)
    assert one.estimate == pytest.approx(1 - 1 / len(pairs))
    with pytest.raises(DataError, match="no row of the contrast set has a label"):
        contrast_consistency(asked.saved.probabilities, pairs, asked.class_names)
    with pytest.raises(DataError, match="expected negative, positive"):
        contrast_consistency(asked.saved.probabilities, pairs.assign(label="so so"), asked.class_names)


def test_no_row_is_short_enough() -> None:
    with pytest.raises(DataError, match="no validation row has 1 words or fewer"):
        CounterfactualsAnalysis(sentences=8, longest=1, most=2, candidates=5, budget=0).analyze(
            subject(), lambda items, what: items
        )


def test_tables_name_their_columns_of_text(result: AnalysisResult) -> None:
    for frame in result.tables.values():
        texts = {
            c
            for c in frame
            if isinstance(frame, pd.DataFrame) and frame[c].astype(str).str.contains(" ").any()
        }
        assert texts <= {*result.text_columns, "fluency"}
    assert dataclasses.is_dataclass(result)
