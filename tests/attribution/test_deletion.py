"""What deleting words by an attribution says, against games computed by hand and naive loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from whytrain.attribution.attribution import Attribution, Quantity, ranking
from whytrain.attribution.deletion import Deletion, delete_words, mean_loss
from whytrain.attribution.positions import position_profile
from whytrain.attribution.shapley.coalitions import coalition_indices
from whytrain.attribution.shapley.values import shapley_values
from whytrain.attribution.target import ClassTarget

TABLE = np.array([1, 2, 4, 9, 1, 3, 5, 14.0])  # v(∅) = 1, v(0) = 2, v(1) = 4, v(01) = 9, v(2) = 1, …
# With logits (0, v) the log-odds of class 1 are v.
TARGET = ClassTarget(name="pos", index=1, payoff="log_odds")


def delete(table: NDArray[np.float64], scores: list[float]) -> Deletion:
    attribution = Attribution(
        method="made_up",
        variant="",
        words=tuple(f"w{i}" for i in range(len(scores))),
        target=TARGET,
        scores=np.array(scores),
        standard_errors=None,
        quantity=Quantity(symbol="s", name="score", unit="log-odds"),
        total=None,
        n_evaluations=0,
    )

    def ask(present: NDArray[np.bool_]) -> NDArray[Any]:
        v = table[coalition_indices(present)]
        return np.stack([np.zeros_like(v), v], axis=1)

    return delete_words(attribution, "padding", ask)


def test_occlusion_and_paths_by_hand() -> None:
    done = delete(TABLE, [2.0, -3.0, 0.5])  # words 1, 0, 2
    assert done.order.tolist() == [1, 0, 2]
    assert done.occlusion.tolist() == [14 - 5, 14 - 3, 14 - 9]
    assert done.path.tolist() == [1, 4, 9, 14]
    assert done.removal.tolist() == [14, 3, 1, 1]
    assert (done.empty, done.full) == (1, 14)
    assert done.comprehensiveness == pytest.approx((11 + 13 + 13) / 3)
    assert done.sufficiency == pytest.approx((10 + 5 + 0) / 3)
    assert mean_loss(done.removal, 14.0) == done.comprehensiveness


def test_ties_keep_the_order_of_the_sentence() -> None:
    assert delete(TABLE, [1.0, -1.0, 1.0]).path.tolist() == [1, 2, 9, 14]
    assert ranking(np.array([0.0, 0.0])).tolist() == [0, 1]


def test_parts_by_hand() -> None:
    table = np.arange(16.0)  # v(S) = its index: φ = (1, 2, 4, 8)
    parts = delete(table, shapley_values(table).tolist()).parts
    assert parts.bounds.tolist() == [0, 2, 3, 4]
    assert parts.alone.tolist() == [3, 4, 8]
    assert parts.attributed == pytest.approx([3, 4, 8])
    assert delete(table + 7, [1.0, 2.0, 4.0, 8.0]).parts.empty == 7
    single = delete(np.array([0.5, 2.0]), [1.5]).parts
    assert single.alone.tolist() == [2.0, 0.5, 0.5]  # empty parts: v(∅)


def test_decisions_without_the_top_words() -> None:
    # v: all 1, without word 2 −1, without 2 and 0 +1; words are ranked 2, 0, 1.
    table = np.array([-1, -1, 1, -1, -1, -1, -1, 1.0])
    done = delete(table, [2.0, 1.0, 3.0])
    decided = done.prediction, done.prediction_without_top, done.prediction_without_top_two
    assert decided == (1, 0, 1)
    of_one = delete(np.array([-1.0, 2.0]), [1.0])  # there is no second word
    decided = of_one.prediction, of_one.prediction_without_top, of_one.prediction_without_top_two
    assert decided == (1, 0, 0)


@given(st.integers(1, 7), st.integers(0, 999))
def test_any_scores_against_a_naive_loop(n: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    table, scores = generator.normal(size=1 << n), generator.normal(size=n)
    done = delete(table, scores.tolist())
    order = sorted(range(n), key=lambda i: -abs(scores[i]))
    added, everybody = 0, (1 << n) - 1
    for step, word in enumerate([None, *order]):
        added += 0 if word is None else 1 << word
        assert done.path[step] == table[added]
        assert done.removal[step] == table[everybody - added]
    assert done.occlusion == pytest.approx([table[-1] - table[everybody - (1 << i)] for i in range(n)])


@given(
    st.lists(st.lists(st.floats(-9, 9), min_size=1, max_size=9), min_size=1, max_size=5), st.integers(1, 12)
)
def test_a_profile_sums_to_one(sentences: list[list[float]], n_bins: int) -> None:
    profile = position_profile([np.array(s) for s in sentences], n_bins)
    if any(np.abs(s).sum() > 0 for s in sentences):
        assert profile.sum() == pytest.approx(1.0)
    else:
        assert np.isnan(profile).all()
