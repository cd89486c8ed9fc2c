"""The tree against games worked out by hand and against its definition, written out slowly."""

from __future__ import annotations

import json
import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whytrain.attribution.shapley.benefit import mask_of
from whytrain.attribution.shapley.interaction_tree import Merge, interaction_tree
from whytrain.attribution.shapley.tree_export import bracketed, tree_to_json
from whytrain.explanation_scores.known_games import Expression, expression_spans, expression_table

Player = tuple[int, ...]
EXACT = 1e-9  # float64 sums of a few dozen terms of order 1


def value_of(table: np.ndarray, player: Player, others: list[Player]) -> float:
    """φ of a player among the others: its contribution averaged over all orders."""
    everybody = [player, *others]
    total, count = 0.0, 0
    for order in permutations(range(len(everybody))):
        before = sum(mask_of(everybody[i]) for i in order[: order.index(0)])
        total += table[before | mask_of(player)] - table[before]
        count += 1
    return total / count


def benefit_of(table: np.ndarray, player: Player, others: list[Player]) -> float:
    alone = sum(value_of(table, (word,), others) for word in player)
    return value_of(table, player, others) - alone if len(player) > 1 else 0.0


def merge_by_definition(table: np.ndarray, players: list[Player], i: int) -> Merge:
    def between(k: int) -> float:
        if not 0 <= k < len(players) - 1:
            return 0.0
        left, right = players[k], players[k + 1]
        others = [p for p in players if p not in (left, right)]
        return (
            benefit_of(table, left + right, others)
            - benefit_of(table, left, [*others, right])
            - benefit_of(table, right, [*others, left])
        )

    def modelled(own: Player, neighbor: Player, others: list[Player]) -> float:
        return benefit_of(table, own, [*others, neighbor]) + sum(
            (value_of(table, (a,), others) + value_of(table, (a,), [*others, neighbor])) / 2 for a in own
        )

    left, right = players[i], players[i + 1]
    others = [p for p in players if p not in (left, right)]
    outer = abs(between(i - 1)) + abs(between(i + 1))
    total = abs(between(i)) + outer
    total += abs(modelled(left, right, others)) + abs(modelled(right, left, others))
    intra = benefit_of(table, left, others) - benefit_of(table, left, [*others, right])
    intra += benefit_of(table, right, others) - benefit_of(table, right, [*others, left])
    inter = between(i) - intra
    t = math.nan if len(left + right) == 2 else abs(inter) / (abs(inter) + abs(intra))
    benefit = benefit_of(table, left + right, others)
    return Merge(
        left=left,
        right=right,
        benefit=benefit,
        between=between(i),
        r=abs(between(i)) / total,
        s=outer / total,
        t=t,
    )


def assert_merge(actual: Merge, expected: Merge) -> None:
    assert (actual.left, actual.right) == (expected.left, expected.right)
    for name in ("benefit", "between", "r", "s", "t"):
        expected_number = pytest.approx(getattr(expected, name), abs=EXACT, nan_ok=True)
        assert getattr(actual, name) == expected_number, name


def test_an_and_beside_a_single_word() -> None:
    # v = x0 + 3·x1·x2. Pair (1, 2): B = 3, φ̄ = (0 + 1.5)/2 each, D = 3 + 0.75 + 0.75 + 0.
    # Then 0 with (1, 2): B = 3 in all and 3 inside: nothing between.
    tree = interaction_tree(np.array([0, 1, 0, 1, 0, 1, 3, 4.0]))
    assert_merge(
        tree.merges[0], Merge(left=(1,), right=(2,), benefit=3.0, between=3.0, r=2 / 3, s=0.0, t=math.nan)
    )
    assert_merge(
        tree.merges[1], Merge(left=(0,), right=(1, 2), benefit=3.0, between=0.0, r=0.0, s=0.0, t=math.nan)
    )
    assert tree.n_ties == 0
    assert tree.spans() == {(1, 3), (0, 3)}


def test_an_and_of_three() -> None:
    # v = 6·x0·x1·x2. Both pairs: B = 3, φ̄ = (0 + 2)/2 each, the other pair 3: D = 8. A tie: the left one.
    # Then (0, 1) with 2: B = 6, between = 6 − 3; φ̄ = 3 and (0 + 3)/2: D = 7.5. Without 2 the benefit of
    # (0, 1) is 0: ψ_intra = 0 − 3, ψ_inter = 3 + 3, t = 6/9.
    tree = interaction_tree(np.array([0, 0, 0, 0, 0, 0, 0, 6.0]))
    assert_merge(
        tree.merges[0], Merge(left=(0,), right=(1,), benefit=3.0, between=3.0, r=3 / 8, s=3 / 8, t=math.nan)
    )
    assert_merge(
        tree.merges[1], Merge(left=(0, 1), right=(2,), benefit=6.0, between=3.0, r=0.4, s=0.0, t=2 / 3)
    )
    assert tree.n_ties == 1


def two_pairs() -> np.ndarray:
    """v = 2·x0·x1 − 4·x2·x3."""
    return 2 * expression_table(("and", 0, 1), 4) - 4 * expression_table(("and", 2, 3), 4)


def test_two_pairs_by_density() -> None:
    # Pair (0, 1): 2/(2 + 0.5 + 0.5); pair (2, 3): 4/(4 + 1 + 1): equal, the left one first.
    tree = interaction_tree(two_pairs())
    assert_merge(
        tree.merges[0], Merge(left=(0,), right=(1,), benefit=2.0, between=2.0, r=2 / 3, s=0.0, t=math.nan)
    )
    assert_merge(
        tree.merges[1], Merge(left=(2,), right=(3,), benefit=-4.0, between=-4.0, r=2 / 3, s=0.0, t=math.nan)
    )
    assert_merge(
        tree.merges[2], Merge(left=(0, 1), right=(2, 3), benefit=-2.0, between=0.0, r=0.0, s=0.0, t=math.nan)
    )
    assert tree.n_ties == 1


def test_two_pairs_by_benefit() -> None:
    tree = interaction_tree(two_pairs(), criterion="benefit")
    assert [(m.left, m.right) for m in tree.merges] == [((2,), (3,)), ((0,), (1,)), ((0, 1), (2, 3))]
    assert (tree.criterion, tree.n_ties) == ("benefit", 0)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10**6))
def test_every_merge_follows_the_definition(n: int, seed: int) -> None:
    table = np.random.default_rng(seed).normal(size=1 << n)
    tree = interaction_tree(table)
    players: list[Player] = [(i,) for i in range(n)]
    for merge in tree.merges:
        candidates = [merge_by_definition(table, players, i) for i in range(len(players) - 1)]
        best = max(range(len(candidates)), key=lambda i: candidates[i].r)
        assert_merge(merge, candidates[best])
        players[best : best + 2] = [players[best] + players[best + 1]]
    assert players == [tuple(range(n))]


@pytest.mark.parametrize(
    "expression",
    [
        ("or", ("and", 0, 1), ("and", 2, 3)),
        ("sum", ("and", 0, 1), ("or", 2, 3)),
        ("sum", 0, ("and", 1, 2)),
        ("sum", ("or", ("and", 0, 1), ("and", 2, 3)), 4),
    ],
)
def test_expressions_are_recovered(expression: Expression) -> None:
    spans = expression_spans(expression)
    n_words = max(end for _, end in spans)
    assert interaction_tree(expression_table(expression, n_words)).spans() == spans


def test_noise_is_never_merged_first() -> None:
    # Words 0 and 1 do nothing but for noise of 1e-7, words 2 and 3 are an AND.
    noise = 1e-7 * np.random.default_rng(0).normal(size=16)
    tree = interaction_tree(expression_table(("and", 2, 3), 4) + noise)
    assert tree.merges[0].left == (2,)
    last = tree.merges[-1]
    assert last.r < 1e-5
    constant = interaction_tree(np.full(8, 2.5))
    assert [(m.r, m.s) for m in constant.merges] == [(0.0, 0.0)] * 2
    assert all(math.isnan(m.t) for m in constant.merges)
    assert constant.n_ties == 1


def test_one_word_is_a_tree_without_merges() -> None:
    tree = interaction_tree(np.array([0.0, 1.0]))
    assert tree.merges == ()
    assert bracketed(tree, ["good"]) == "good"
    assert json.loads(tree_to_json(tree, ["good"])) == {
        "criterion": "density",
        "n_ties": 0,
        "words": ["good"],
    }
    with pytest.raises(ValueError, match="at least one player"):
        interaction_tree(np.array([0.0]))


def test_export() -> None:
    tree = interaction_tree(two_pairs())
    words = ["很", "(b", "c", "d"]
    assert bracketed(tree, words) == "((很 -LRB-b) (c d))"
    root = json.loads(tree_to_json(tree, words))
    assert root["words"] == words
    assert root["between"] == 0.0
    left, right = root["children"]
    assert (left["words"], left["benefit"], left["t"]) == (["很", "(b"], 2.0, None)
    assert right["children"] == [{"words": ["c"]}, {"words": ["d"]}]
