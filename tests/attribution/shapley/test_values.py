"""Values, interactions and benefit: by hand, by axiom, and against shapiq."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import shapiq
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from whytrain.attribution.shapley.benefit import benefit
from whytrain.attribution.shapley.coalitions import coalition_indices, membership, subset_sums
from whytrain.attribution.shapley.values import coalition_weights, pair_interactions, shapley_values
from whytrain.explanation_scores.known_games import expression_table

payoff = st.floats(-100, 100, width=32)
tables = st.integers(1, 6).flatmap(lambda n: arrays(np.float64, 1 << n, elements=payoff))
# Sums of at most 2^6 terms of order 100 in float64.
EXACT = 1e-10


def n_of(table: np.ndarray) -> int:
    return len(table).bit_length() - 1


def by_permutations(table: np.ndarray) -> np.ndarray:
    """The definition: marginal contributions averaged over all orders."""
    values = np.zeros(n_of(table))
    orders = list(permutations(range(n_of(table))))
    for order in orders:
        coalition = 0
        for player in order:
            values[player] += table[coalition | 1 << player] - table[coalition]
            coalition |= 1 << player
    return values / len(orders)


def test_the_glove_game() -> None:
    # Player 0 has a left glove, 1 and 2 a right one; a pair is worth 1: φ = (2/3, 1/6, 1/6).
    table = np.array([0, 0, 0, 1, 0, 1, 0, 1.0])
    np.testing.assert_allclose(shapley_values(table), [2 / 3, 1 / 6, 1 / 6], atol=EXACT)
    # I_01: S = {}: 1; S = {2}: v(012) − v(02) − v(12) + v(2) = 0; each with weight 1/2. I_12: 0 and −1.
    expected = np.array([[0, 0.5, 0.5], [0.5, 0, -0.5], [0.5, -0.5, 0]])
    np.testing.assert_allclose(pair_interactions(table), expected, atol=EXACT)


@given(tables)
def test_values_are_averages_over_orders(table: np.ndarray) -> None:
    np.testing.assert_allclose(shapley_values(table), by_permutations(table), atol=EXACT)


@given(tables)
def test_efficiency(table: np.ndarray) -> None:
    assert shapley_values(table).sum() == pytest.approx(table[-1] - table[0], abs=EXACT)


@given(tables, st.data())
def test_symmetry(table: np.ndarray, data: st.DataObject) -> None:
    n = n_of(table)
    order = data.draw(st.permutations(range(n)))
    renamed = table[subset_sums(1 << np.array(order))]  # player i of the new game is player order[i]
    np.testing.assert_allclose(shapley_values(renamed), shapley_values(table)[list(order)], atol=EXACT)
    pairs = pair_interactions(table)[np.ix_(order, order)]
    np.testing.assert_allclose(pair_interactions(renamed), pairs, atol=EXACT)


@given(tables, payoff)
def test_dummy(table: np.ndarray, own: float) -> None:
    extended = np.concatenate([table, table + own])  # the new last player always adds the same
    n = n_of(table)
    np.testing.assert_allclose(shapley_values(extended), [*shapley_values(table), own], atol=EXACT)
    pairs = pair_interactions(extended)
    np.testing.assert_allclose(pairs[n], 0.0, atol=EXACT)
    np.testing.assert_allclose(pairs[:n, :n], pair_interactions(table), atol=EXACT)


@given(st.data(), payoff)
def test_linearity(data: st.DataObject, factor: float) -> None:
    n = data.draw(st.integers(1, 6))
    first, second = (data.draw(arrays(np.float64, 1 << n, elements=payoff)) for _ in range(2))
    for index in (shapley_values, pair_interactions):
        combined = index(first + factor * second)
        # The factor multiplies the rounding errors too.
        np.testing.assert_allclose(combined, index(first) + factor * index(second), atol=100 * EXACT)


def test_a_constant_costs_no_digits() -> None:
    table = np.random.default_rng(0).normal(size=1 << 8)
    # 2^20 is exact in float64 and leaves 2^-32 of the payoffs.
    np.testing.assert_allclose(shapley_values(table + 2.0**20), shapley_values(table), atol=1e-9)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_equal_to_shapiq(n: int) -> None:
    table = np.random.default_rng(n).normal(size=1 << n)
    computer = shapiq.ExactComputer(n_players=n, game=lambda p: table[coalition_indices(p != 0)])
    values, pairs = computer("SV", 1), computer("SII", 2)
    ours = pair_interactions(table)
    np.testing.assert_allclose(shapley_values(table), [values[(i,)] for i in range(n)], atol=EXACT)
    for i in range(n):
        for j in range(i + 1, n):
            assert ours[i, j] == ours[j, i] == pytest.approx(pairs[(i, j)], abs=EXACT)


@given(tables.filter(lambda t: len(t) > 2), st.data())
def test_benefit_of_two_words_is_their_interaction(table: np.ndarray, data: st.DataObject) -> None:
    n = n_of(table)
    i = data.draw(st.integers(0, n - 2))
    players = [(k,) for k in range(n) if k not in (i, i + 1)]
    players.insert(i, (i, i + 1))
    assert benefit(table, players, i) == pytest.approx(pair_interactions(table)[i, i + 1], abs=EXACT)


def test_benefit_by_hand() -> None:
    # v = 6·x0·x1·x2: alone in an AND of three, two words already merged add 3 with the third one.
    table = np.array([0, 0, 0, 0, 0, 0, 0, 6.0])
    assert benefit(table, [(0, 1), (2,)], 0) == 3.0
    assert benefit(table, [(0, 1), (2,)], 1) == 0.0
    assert benefit(table, [(0, 1, 2)], 0) == 6.0


def test_benefit_keeps_the_others_merged() -> None:
    # v = x0·x1·(x2 + x3 − x2·x3): φ of [01] among 2, 3 apart: (0 + 1 + 1 + 1 weighted 1/3, 1/6, 1/6, 1/3).
    table = expression_table(("and", 0, 1, ("or", 2, 3)), 4)
    assert benefit(table, [(0, 1), (2,), (3,)], 0) == pytest.approx(2 / 3)
    assert benefit(table, [(0, 1), (2, 3)], 0) == pytest.approx(1 / 2)


@pytest.mark.parametrize("players", [[(0,)], [(0, 1), (1,)], [(0,), (2,)]])
def test_benefit_wants_a_partition(players: list[tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="each of the 2 words once"):
        benefit(np.zeros(4), players, 0)


def test_benefit_wants_a_player() -> None:
    with pytest.raises(ValueError, match="one of 2 players, got 2"):
        benefit(np.zeros(4), [(0,), (1,)], 2)


def test_and_or_sum_have_their_signs() -> None:
    assert pair_interactions(expression_table(("and", 0, 1), 2))[0, 1] == 1
    assert pair_interactions(expression_table(("or", 0, 1), 2))[0, 1] == -1
    assert pair_interactions(expression_table(("sum", 0, 1), 2))[0, 1] == 0
    table = expression_table(("sum", ("and", 0, 1), ("or", 2, 3)), 5)
    signs = np.sign(np.round(pair_interactions(table), 12))
    expected = np.zeros((5, 5))
    expected[0, 1] = expected[1, 0] = 1
    expected[2, 3] = expected[3, 2] = -1
    np.testing.assert_array_equal(signs, expected)  # words of different parts, and word 4: none


def test_small_and_wrong_tables() -> None:
    assert shapley_values(np.array([3.0])).shape == (0,)
    assert pair_interactions(np.array([3.0, 5.0])).tolist() == [[0.0]]
    assert shapley_values(np.array([3.0, 5.0])).tolist() == [2.0]
    with pytest.raises(ValueError, match=r"2\^n coalitions, got 3"):
        shapley_values(np.zeros(3))


@given(st.integers(0, 20))
def test_weights_are_a_distribution_over_coalitions(n_others: int) -> None:
    sizes = membership(np.arange(1 << min(n_others, 10)), min(n_others, 10)).sum(axis=1)
    assert coalition_weights(min(n_others, 10))[sizes].sum() == pytest.approx(1)
