"""The least deletions against all subsets, and the greedy search where these are too many."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from whytrain.counterfactuals.deletions import least_deletions

Bools, Ints = NDArray[np.bool_], NDArray[np.int64]


class Model:
    """Decides 1 where the weights of those present exceed 0; some pairs add theirs."""

    def __init__(self, seed: int, n: int) -> None:
        rng = np.random.default_rng(seed)
        self.weights = rng.normal(0.3, 1.0, n)
        self.pairs = np.triu(rng.normal(0, 0.6, (n, n)), 1)
        self.asked = 0

    def __call__(self, present: Bools) -> Ints:
        self.asked += len(present)
        x = present.astype(float)
        return ((x @ self.weights + ((x @ self.pairs) * x).sum(axis=1)) > 0).astype(np.int64)


def all_least(model: Model, n: int) -> list[tuple[int, ...]]:
    whole = model(np.ones((1, n), dtype=bool))[0]
    for size in range(1, n):
        found = []
        for gone in combinations(range(n), size):
            present = np.ones((1, n), dtype=bool)
            present[0, list(gone)] = False
            if model(present)[0] != whole:
                found.append(gone)
        if found:
            return found
    return []


@pytest.mark.parametrize("seed", range(12))
def test_all_sets_of_the_least_size_are_found(seed: int) -> None:
    n = 6
    model = Model(seed, n)
    found = least_deletions(model, model.weights, budget=10_000, shown=100)
    assert sorted(found.sets) == sorted(all_least(model, n))
    assert found.is_least == bool(found.sets)


def test_those_that_take_away_most_come_first_and_the_others_are_cut() -> None:
    importance = np.array([1.0, 5.0, 3.0])
    found = least_deletions(lambda p: (p.sum(axis=1) == 3).astype(np.int64), importance, budget=10, shown=2)
    assert found.sets == ((1,), (2,))


@pytest.mark.parametrize("seed", range(6))
def test_beyond_the_budget_a_set_turns_the_answer_and_needs_each_of_its_words(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.5, 1.5, 14)

    def decide(present: Bools) -> Ints:  # five or so must go
        return (present @ weights > 0.62 * weights.sum()).astype(np.int64)

    found = least_deletions(decide, weights, budget=110)  # all single words and pairs are 105
    assert not found.is_least
    assert found.tried == 2
    [gone] = found.sets
    present = np.ones((1 + len(gone), 14), dtype=bool)
    present[:, list(gone)] = False
    present[np.arange(1, len(present)), list(gone)] = True
    assert decide(present).tolist() == [0] + [1] * len(gone)


def test_what_never_turns() -> None:
    found = least_deletions(lambda p: np.ones(len(p), dtype=np.int64), np.zeros(4), budget=100)
    assert (found.sets, found.is_least, found.tried) == ((), False, 3)
    assert least_deletions(lambda p: np.ones(len(p), dtype=np.int64), np.zeros(1), budget=9).sets == ()
