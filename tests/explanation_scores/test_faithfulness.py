"""Scores of faithfulness against games computed by hand, naive loops over orders and over sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from games import GAME_UNIT, judged_game, study_of
from hypothesis import given, settings
from hypothesis import strategies as st

from whytrain.explanation_scores.faithfulness.comprehensiveness import Comprehensiveness
from whytrain.explanation_scores.faithfulness.deletion import Deletion
from whytrain.explanation_scores.faithfulness.flipping_set import FlippingSet
from whytrain.explanation_scores.faithfulness.insertion import Insertion
from whytrain.explanation_scores.faithfulness.paths import best_order, support_order
from whytrain.explanation_scores.faithfulness.sufficiency import Sufficiency
from whytrain.explanation_scores.faithfulness.sufficient_set import SufficientSet
from whytrain.explanation_scores.known_games import expression_table
from whytrain.explanation_scores.score import Score

WEIGHTS = np.array([1.0, 4.0, -2.0])  # a linear game: v(S) = −0.5 + Σ of those that are there
LINEAR = -0.5 + np.array([[i >> k & 1 for k in range(3)] for i in range(8)]) @ WEIGHTS
AND = 4.0 * expression_table(("and", 0, 1), 3) - 2.0  # decided by words 0 and 1 together
OR = 4.0 * expression_table(("or", 0, 1), 3) - 2.0
tables = st.lists(st.floats(-5, 5), min_size=16, max_size=16).map(np.array)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_a_linear_game_by_hand() -> None:
    judged = judged_game(LINEAR, WEIGHTS)  # the order is 1, 0, 2; v(N) = 2.5
    assert support_order(judged.attributions[0]).tolist() == [1, 0, 2]
    # v(N∖top k): −1.5, −2.5, −0.5; v(top k): 3.5, 4.5, 2.5.
    assert Comprehensiveness()(judged)[0] == pytest.approx(((2.5 + 1.5) + (2.5 + 2.5) + (2.5 + 0.5)) / 3)
    assert Sufficiency()(judged)[0] == pytest.approx((-1 - 2 + 0) / 3)
    p = sigmoid(np.array([2.5, -1.5, -2.5, -0.5]))
    assert Deletion()(judged)[0] == pytest.approx((p[0] / 2 + p[1] + p[2] + p[3] / 2) / 3)
    q = sigmoid(np.array([-0.5, 3.5, 4.5, 2.5]))
    assert Insertion()(judged)[0] == pytest.approx((q[0] / 2 + q[1] + q[2] + q[3] / 2) / 3)


def test_in_a_linear_game_the_weights_cannot_be_beaten() -> None:
    judged = judged_game(LINEAR, WEIGHTS)
    worst = judged_game(LINEAR, -WEIGHTS)
    for score in (
        Comprehensiveness(),
        Sufficiency(),
        Deletion(),
        Insertion(),
        FlippingSet(),
        SufficientSet(),
    ):
        [best] = score.best(judged.study)
        assert score(judged)[0] == pytest.approx(best), score.name
        gain = (score(judged)[0] - score(worst)[0]) * (1 if score.higher_is_better else -1)
        assert gain > 0, score.name


def test_sizes_alone_go_by_their_size() -> None:
    judged = judged_game(LINEAR, WEIGHTS, signed=False)
    assert support_order(judged.attributions[0]).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("table", "scores", "flips", "suffices"),
    [
        (AND, [3.0, 2, 1], 1 / 3, 2 / 3),  # one word of the pair is enough to flip, both to keep
        (AND, [1.0, 2, 3], 2 / 3, 1.0),  # the word that says nothing goes, and comes, first
        (OR, [3.0, 2, 1], 2 / 3, 1 / 3),
        (OR, [1.0, 2, 3], 1.0, 2 / 3),
        (OR, [3.0, 1, 2], 1.0, 1 / 3),
    ],
)
def test_sets_of_words_by_hand(table: np.ndarray, scores: list[float], flips: float, suffices: float) -> None:
    judged = judged_game(table, np.array(scores))
    assert FlippingSet()(judged)[0] == pytest.approx(flips)
    assert SufficientSet()(judged)[0] == pytest.approx(suffices)


def test_of_texts_that_are_decided_as_nothing_is_no_set_is_told() -> None:
    judged = judged_game(AND + 2.5, np.array([3.0, 2, 1]))
    assert np.isnan(FlippingSet()(judged)[0])
    assert np.isnan(SufficientSet()(judged)[0])
    assert np.isnan(FlippingSet().best(judged.study)[0])


@settings(max_examples=30)
@given(tables)
def test_best_order_against_all_orders(table: np.ndarray) -> None:
    chains = [
        [table[sum(1 << word for word in order[:k])] for k in range(1, 5)] for order in permutations(range(4))
    ]
    gone = [
        [table[15 - sum(1 << word for word in order[:k])] for k in range(1, 5)]
        for order in permutations(range(4))
    ]
    means, losses = np.mean(chains, axis=1), np.mean(gone, axis=1)
    assert best_order(table, removing=False, largest=True) == pytest.approx(means.max())
    assert best_order(table, removing=False, largest=False) == pytest.approx(means.min())
    assert best_order(table, removing=True, largest=True) == pytest.approx(losses.max())
    assert best_order(table, removing=True, largest=False) == pytest.approx(losses.min())


def naive(table: np.ndarray, order: Sequence[int]) -> dict[str, float]:
    """The same scores in loops over Python sets, as they are defined."""
    n, whole = len(order), frozenset(range(len(order)))

    def v(present: frozenset[int]) -> float:
        return float(table[sum(1 << word for word in present)])

    top = [frozenset(order[:k]) for k in range(n + 1)]
    return {
        "comprehensiveness": sum(v(whole) - v(whole - top[k]) for k in range(1, n + 1)) / n,
        "sufficiency": sum(v(whole) - v(top[k]) for k in range(1, n + 1)) / n,
        "deletion": area([v(whole - top[k]) for k in range(n + 1)]),
        "insertion": area([v(top[k]) for k in range(n + 1)]),
    }


def area(values: list[float]) -> float:
    p = [float(sigmoid(np.array(value))) for value in values]
    return sum((a + b) / 2 / (len(p) - 1) for a, b in pairwise(p))


@settings(max_examples=30)
@given(tables, st.permutations(range(4)))
def test_curves_against_loops(table: np.ndarray, order: list[int]) -> None:
    scores = np.empty(4)
    scores[list(order)] = [4.0, 3, 2, 1]
    judged = judged_game(table, scores)
    sign = 1 if table[-1] > 0 else -1  # of what is explained: the class that is decided
    expected = naive(sign * table, order)
    found: list[Score] = [Comprehensiveness(), Sufficiency(), Deletion(), Insertion()]
    # Logits are float32: seven digits of values up to 5.
    assert {s.name: s(judged)[0] for s in found} == pytest.approx(expected, abs=1e-5)


@settings(max_examples=30)
@given(tables)
def test_smallest_sets_against_all_sets(table: np.ndarray) -> None:
    table = np.where(np.abs(table) < 1e-3, 1.0, table)  # a tie of the logits is decided by their order
    study = study_of(table)
    side = table > 0
    whole = frozenset(range(4))

    def smallest(reached: Callable[[frozenset[int]], bool]) -> float:
        sizes = [k for k in range(5) for c in combinations(range(4), k) if reached(frozenset(c))]
        return min(sizes, default=4) / 4

    def same(present: frozenset[int]) -> bool:
        return bool(side[sum(1 << word for word in present)] == side[15])

    [flips], [suffices] = FlippingSet().best(study), SufficientSet().best(study)
    if same(frozenset()):
        assert np.isnan([flips, suffices]).all()
    else:
        assert flips == smallest(lambda gone: not same(whole - gone))
        assert suffices == smallest(same)


def test_a_unit_is_said() -> None:
    assert Comprehensiveness().unit == GAME_UNIT
