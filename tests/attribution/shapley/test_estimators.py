"""Estimators against exact values, on games of known order, and their standard errors."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import t

from whytrain.attribution.shapley import estimators
from whytrain.attribution.shapley.coalitions import coalition_indices, membership
from whytrain.attribution.shapley.estimators import Estimate, Game, estimate_interactions, minimum_budget
from whytrain.attribution.shapley.values import pair_interactions, shapley_values

N = 10


def saturating_table(seed: int, n: int = N) -> np.ndarray:
    """A game with interactions of every order, as a classifier makes them: tanh of a quadratic form."""
    rng = np.random.default_rng(seed)
    x = membership(np.arange(1 << n), n) * 1.0
    pairs = np.triu(rng.normal(size=(n, n)), 1)
    return 3 * np.tanh((x @ rng.normal(size=n) + 0.7 * np.einsum("mi,ij,mj->m", x, pairs, x)) / 2)


def game_of(table: np.ndarray) -> Game:
    return lambda present: table[coalition_indices(present)]


def errors(result: Estimate, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    upper = np.triu_indices(len(result.values), 1)
    return (
        result.values - shapley_values(table),
        (result.interactions - pair_interactions(table))[upper],
    )


def test_quadratic_games_are_found_exactly() -> None:
    rng = np.random.default_rng(0)
    x = membership(np.arange(1 << N), N) * 1.0
    pairs = np.triu(rng.normal(size=(N, N)), 1)
    table = x @ rng.normal(size=N) + np.einsum("mi,ij,mj->m", x, pairs, x)
    few, many = (estimate_interactions(game_of(table), N, budget, seed=0) for budget in (300, 1200))
    for result in (few, many):  # pairs vanish from the odd half, where single players are fitted freely
        assert np.abs(errors(result, table)[0]).max() < 1e-10
        assert result.values_se.max() < 1e-10
    # 144 payoffs leave open whether pairs or fours made them, and 594 do not: 45 pairs and 210 fours.
    largest = np.abs(pairs).max()
    assert np.abs(errors(few, table)[1]).max() < 0.1 * largest
    assert np.abs(errors(many, table)[1]).max() < 1e-3 * largest


def test_values_sum_to_the_whole_at_any_budget() -> None:
    table = saturating_table(4)
    result = estimate_interactions(game_of(table), N, minimum_budget(N), seed=3)
    assert result.values.sum() == pytest.approx(table[-1] - table[0])
    assert result.n_evaluations == minimum_budget(N) == 74
    assert result.n_chains == 4


@pytest.mark.parametrize("n", [4, 7])
def test_estimates_are_unbiased(n: int) -> None:
    table = saturating_table(n, n)
    results = [estimate_interactions(game_of(table), n, 40 * n, seed) for seed in range(200)]
    upper = np.triu_indices(n, 1)
    for name in ("values", "interactions"):
        estimates = np.array([getattr(r, name) for r in results])
        estimates = estimates[(slice(None), *upper)] if name == "interactions" else estimates
        exact = shapley_values(table) if name == "values" else pair_interactions(table)[upper]
        error = estimates.mean(axis=0) - exact
        # Five standard errors.
        assert (np.abs(error) <= 5 * estimates.std(axis=0) / np.sqrt(len(results))).all()


def test_errors_fall_with_the_budget() -> None:
    table = saturating_table(1)
    by_budget = [
        np.mean([np.abs(errors(estimate_interactions(game_of(table), N, b, s), table)[0]) for s in range(8)])
        for b in (74, 240, 740)
    ]
    # Four chains against forty-one: √(4/41) = 0.31 of the error.
    assert by_budget[2] < 0.45 * by_budget[0]
    assert by_budget[1] < by_budget[0]


@pytest.mark.parametrize("budget", [200, 600])
def test_intervals_cover_as_often_as_they_claim(budget: int) -> None:
    covered: list[np.ndarray] = []
    for seed in range(60):
        table = saturating_table(seed)
        result = estimate_interactions(game_of(table), N, budget, seed)
        upper = np.triu_indices(N, 1)
        student = t.ppf(0.975, result.n_chains - 1)
        for error, se in zip(
            errors(result, table), (result.values_se, result.interactions_se[upper]), strict=True
        ):
            covered.append(np.mean(np.abs(error) <= student * se))
    values, pairs = np.mean(covered[0::2]), np.mean(covered[1::2])
    # 95% intervals. 60 games of 10 values: a standard error of √(.05·.95/600) = 0.9 points if all were
    # independent, and they are not quite.
    assert 0.90 <= values <= 0.99
    assert 0.90 <= pairs <= 0.99


@pytest.mark.parametrize("order", [2, 4])
def test_what_is_left_out_decides_how_many_fours_are_taken(
    order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a game of pairs few, of one whose fours are large all."""
    rng, n = np.random.default_rng(order), 12
    signs = np.where(membership(np.arange(1 << n), n), 1.0, -1.0)
    table = signs @ rng.normal(size=n)
    for members in combinations(range(n), 2):
        table += rng.normal() * signs[:, members].prod(axis=1)
    for members in combinations(range(n), 4):
        table += (0.3 if order == 4 else 0.003) * rng.normal() * signs[:, members].prod(axis=1)

    def interactions() -> np.ndarray:
        return estimate_interactions(game_of(table), n, 700, seed=0).interactions

    chosen = interactions()
    monkeypatch.setattr(estimators, "_FEW_FOURS", 99)
    every = interactions()
    monkeypatch.setattr(estimators, "_FEW_FOURS", 0.5)
    monkeypatch.setattr(estimators, "MOST_RANKED", 171)  # half as many as rows: 31 chains of 11, and N
    few = interactions()
    by_all, by_few = (np.abs(found - pair_interactions(table)).mean() for found in (every, few))
    assert (by_all < by_few) == (order == 4)
    np.testing.assert_array_equal(chosen, every if order == 4 else few)


def test_all_is_evaluated_at_once_and_no_more_than_allowed() -> None:
    table = saturating_table(2)
    calls: list[int] = []

    def game(present: np.ndarray) -> np.ndarray:
        calls.append(len(present))
        return table[coalition_indices(present)]

    found = estimate_interactions(game, N, 800, seed=0)
    assert calls == [found.n_evaluations]
    assert 800 - 2 * (N - 1) < found.n_evaluations <= 800
    assert found.total == (table[0], table[-1])


def test_the_seed_decides_and_the_global_generator_does_not() -> None:
    table = saturating_table(3)
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    first, second, other = (estimate_interactions(game_of(table), N, 100, s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.values, second.values)
    assert np.abs(first.values - other.values).max() > 0
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_bad_requests() -> None:
    table = saturating_table(0)
    with pytest.raises(ValueError, match=f"at least {minimum_budget(N)} for 10 players, got 5"):
        estimate_interactions(game_of(table), N, 5, seed=0)
    with pytest.raises(ValueError, match="at least 4 players, got 3"):
        estimate_interactions(game_of(table), 3, 50, seed=0)
