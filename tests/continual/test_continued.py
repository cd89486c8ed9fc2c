"""Before and after on the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from whytrain.continual.continued import Change, Continued, change, reasons_moved
from whytrain.pages.run.continued import continued_section, continued_sentences
from whytrain.statistics.intervals import Interval
from whytrain.types import Predictions


def answers(right: list[bool]) -> Predictions:
    labels = np.arange(len(right)) % 2
    logits = np.where(np.eye(2)[labels] == np.array(right)[:, None], 2.0, -2.0)
    return Predictions(logits=logits, labels=labels)


def test_a_change_is_that_of_the_same_rows() -> None:
    before, after = answers([True] * 60 + [False] * 40), answers([True] * 60 + [True] * 20 + [False] * 20)
    found = change(before, after, 0)
    assert (found.n_rows, found.before, found.after) == (100, 0.6, 0.8)
    assert found.difference.estimate == pytest.approx(0.2)
    # Of paired rows 20 of 100 differ, all in one direction: a binomial share of 0.2 with an error of 0.04.
    assert found.difference.low == pytest.approx(0.2 - 1.96 * 0.04, abs=0.02)
    assert change(before, before, 0).difference.estimate == 0


def ranking(scores: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"word": list(scores), "class": "good", "score": list(scores.values())})


def test_words_that_gained_and_lost_are_named_by_size() -> None:
    words = {f"w{i}": float(i) for i in range(10)}
    after = words | {"w3": -9.0, "w9": 1.0, "w8": 7.5}
    found = reasons_moved(ranking(words), ranking(after | {"new": 5.0}))
    assert found is not None
    assert found.n_words == 10
    assert found.gained == ("w3",)
    assert found.lost == ("w9", "w8")
    assert found.correlation < 1
    same = reasons_moved(ranking(words), ranking({word: 2 * score for word, score in words.items()}))
    assert same is not None
    assert same.correlation == pytest.approx(1)


def test_too_few_words_say_nothing() -> None:
    few = ranking({f"w{i}": float(i) for i in range(9)})
    assert reasons_moved(few, few) is None


def changed(estimate: float, low: float, high: float) -> Change:
    return Change(
        n_rows=872,
        before=0.8,
        after=0.8 + estimate,
        difference=Interval(estimate=estimate, low=low, high=high, level=0.95),
    )


@pytest.mark.parametrize(
    ("interval", "judged"),
    [
        ((-0.05, -0.07, -0.03), "it forgot"),
        ((0.05, 0.03, 0.07), "it learned"),
        ((0.01, -0.01, 0.03), "cannot be told from no change"),
    ],
)
def test_a_change_is_judged_by_its_interval(interval: tuple[float, float, float], judged: str) -> None:
    other = changed(0.0, -0.01, 0.01)
    found = Continued(earlier="<first>", changes={"new": other, "old": changed(*interval)}, reasons=None)
    assert judged in continued_sentences(found)[0]
    assert "872 earlier validation rows" in continued_sentences(found)[0]
    page = continued_section(found, str)
    assert "&lt;first&gt;" in page
    assert "<first>" not in page
    assert continued_section(None, str) == ""
