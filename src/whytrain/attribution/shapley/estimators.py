"""Shapley values and pairwise interactions of long sentences, estimated, with standard errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.regression_adjustment import agreed, ridge_path, shrunken

Array = NDArray[np.float64]
Game = Callable[[NDArray[np.bool_]], Array]  # coalitions bool (m, n_players) to payoffs (m,)

MIN_PLAYERS = 4  # below, the table has at most eight entries
_DECAYS = (0, 1, 2, 3)  # how fast interactions may fade with distance; 0: the players' order means nothing
_MIN_CHAINS = 4  # two to fit a model of pairs, two for its residuals with a variance, and the other way round


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimate:
    """Estimated values and interactions.

    Attributes:
        values: float64 (n,), Shapley values; their sum is v(N) − v(∅) exactly.
        values_se: float64 (n,), their standard errors.
        interactions: float64 (n, n), pairwise Shapley interaction indices, zeros on the diagonal.
        interactions_se: float64 (n, n), their standard errors.
        n_chains: independent samples behind the standard errors; intervals take Student's t with
            n_chains − 1 degrees of freedom.
        n_evaluations: payoffs that were computed.
    """

    values: Array
    values_se: Array
    interactions: Array
    interactions_se: Array
    n_chains: int
    n_evaluations: int


def minimum_budget(n_players: int) -> int:
    """Return the fewest evaluations that allow a standard error: four chains, v(∅) and v(N)."""
    return _evaluations(n_players, _MIN_CHAINS)


def estimate_interactions(
    game: Game, n_players: int, budget: int, seed: int, target_se: float | None = None
) -> Estimate:
    r"""Estimate values and pairwise interactions from random orders of the players and their reversals.

    A chain is an order and its reversal: the prefixes ∅ = S_0 ⊂ S_1 ⊂ … ⊂ S_n = N and their complements,
    each evaluated once and used by all estimates. With o(S) = ½[v(S) − v(N∖S)], e(S) = ½[v(S) + v(N∖S)]:

    φ_i = mean over chains of o(S_k∪i) − o(S_k), where i comes after S_k: exact for games without
    interactions of more than two players;
    I_ij = mean over chains of Σ_s u_ij(S_s)·e(S_s), u = n/(s(s−1)) for both of i, j in S_s, n/((n−s)(n−s−1))
    for none and −n/(s(n−s)) for one of them. What a model of pairs explains of e is fitted by ridge
    regression on half of the chains, and its index is known exactly; the residuals are estimated on the other
    half and shrunk by their noise; the two ways round are averaged and shrunk as far as they disagree. In
    text neighbors interact most: the coefficient of i and j has prior deviation |i − j|^−γ, and γ ∈ {0, 1, 2,
    3} is chosen with the ridge's penalty by what predicts the other half best.

    Args:
        game: coalitions bool (m, n) to payoffs float64 (m,).
        n_players: n, at least 4; smaller games are exact from a table.
        budget: number of payoffs that may be computed, at least `minimum_budget`.
        seed: seed of the generator; the global one is left alone.
        target_se: stop as soon as no value's standard error exceeds this; None: use the whole budget.

    Raises:
        ValueError: fewer than 4 players, or too small a budget.

    References:
        Castro, Gómez, Tejada (2009), Polynomial calculation of the Shapley value based on sampling;
        Mitchell et al. (2022), Sampling permutations for Shapley value estimation (reversals);
        Witter et al. (2025), Regression-adjusted Monte Carlo estimators for Shapley values.
    """
    if n_players < MIN_PLAYERS:
        raise ValueError(f"expected at least {MIN_PLAYERS} players, got {n_players}; use the exact table")
    if budget < minimum_budget(n_players):
        raise ValueError(
            f"expected a budget of at least {minimum_budget(n_players)} for {n_players} players, got {budget}"
        )
    most = (budget - 2) // (2 * (n_players - 1))
    chains = _Chains(game, n_players, np.random.default_rng(seed))
    wanted = most if target_se is None else min(most, 8)
    chains.extend(wanted)
    while target_se is not None and len(chains) < most and chains.values()[1].max() > target_se:
        chains.extend(min(most - len(chains), len(chains)))
    values, values_se = chains.values()
    interactions, interactions_se = chains.interactions()
    n_evaluations = _evaluations(n_players, len(chains))
    return Estimate(
        values=values,
        values_se=values_se,
        interactions=interactions,
        interactions_se=interactions_se,
        n_chains=len(chains),
        n_evaluations=n_evaluations,
    )


def _evaluations(n_players: int, n_chains: int) -> int:
    return 2 + n_chains * 2 * (n_players - 1)


class _Chains:
    """Random orders with the payoffs of their prefixes and complements."""

    def __init__(self, game: Game, n_players: int, rng: np.random.Generator) -> None:
        self._game, self._n, self._rng = game, n_players, rng
        ends = game(np.array([[False] * n_players, [True] * n_players]))
        self._odd_end, self._even_end = float(ends[1] - ends[0]) / 2, float(ends[1] + ends[0]) / 2
        self._orders = np.zeros((0, n_players), dtype=np.int64)
        self._odd = self._even = np.zeros((0, n_players - 1))

    def __len__(self) -> int:
        return len(self._orders)

    def extend(self, n_chains: int) -> None:
        """Draw further orders and evaluate S_1 … S_{n−1} with their complements."""
        n = self._n
        orders = self._rng.permuted(np.tile(np.arange(n), (n_chains, 1)), axis=1)
        present = _prefixes(orders).reshape(-1, n)
        first, second = np.split(self._game(np.concatenate([present, ~present])), 2)
        self._orders = np.concatenate([self._orders, orders])
        self._odd = np.concatenate([self._odd, (first - second).reshape(n_chains, -1) / 2])
        self._even = np.concatenate([self._even, (first + second).reshape(n_chains, -1) / 2])

    def values(self) -> tuple[Array, Array]:
        """Return the values and their standard errors."""
        ends = np.full((len(self), 1), self._odd_end)
        marginals = np.diff(np.hstack([-ends, self._odd, ends]), axis=1)
        by_player = np.empty_like(marginals)
        np.put_along_axis(by_player, self._orders, marginals, axis=1)
        return by_player.mean(axis=0), _standard_error(by_player)

    def interactions(self) -> tuple[Array, Array]:
        """Return the pairwise interactions and their standard errors, both (n, n)."""
        n = self._n
        pairs = np.triu_indices(n, 1)
        present = _prefixes(self._orders)  # (n_chains, n − 1, n)
        n_of_pair = present[:, :, pairs[0]].astype(np.int8) + present[:, :, pairs[1]]
        products = np.where(n_of_pair == 1, -1.0, 1.0)  # x_i·x_j with x = ±1
        halves = [np.arange(len(self)) % 2 == h for h in (0, 1)]
        estimates, variances = [], []
        for own, fit in zip(halves, self._fits(products, halves), strict=True):
            residual = self._even[own] - fit[0] - products[own] @ fit[1:]
            corrections = np.einsum("csp,cs->cp", _pair_weights(n_of_pair[own]), residual)
            correction, variance = shrunken(corrections)
            # g = c + Σ c_ij·x_i·x_j has I_ij = 4·c_ij, but v(∅) and v(N) are known and need no fit.
            estimates.append(4 * fit[1:] + 2 * (self._even_end - fit.sum()) / (n - 1) + correction)
            variances.append(variance)
        estimate, se = np.zeros((n, n)), np.zeros((n, n))
        # The halves' errors go together, as each is fitted on what corrects the other: no gain is claimed.
        estimate[pairs], se[pairs] = agreed(*estimates), np.sqrt(np.mean(variances))
        return estimate + estimate.T, se + se.T

    def _fits(self, products: Array, halves: list[NDArray[np.bool_]]) -> list[Array]:
        """Fit e by pairs without each half: (1 + n_pairs,) each, with the prior that predicts best.

        The mean of all c_ij is not penalized: it is what payoffs of small, middling and large coalitions
        have in common, and costs one coefficient.
        """
        sizes = np.arange(1, self._n)
        size_weights = 1 / sizes + 1 / (self._n - sizes)  # small and large coalitions count most
        paths, errors = [], []
        for own in halves:
            path = self._paths(products[~own], self._even[~own], size_weights)
            predicted = path[:, 0] + products[own] @ path[:, 1:].T  # (n_chains, n − 1, n_priors)
            squares = (predicted - self._even[own][:, :, None]) ** 2
            paths.append(path)
            errors.append(np.einsum("csp,s->p", squares, size_weights))
        best = int(np.argmin(np.sum(errors, axis=0)))
        return [path[best] for path in paths]

    def _paths(self, products: Array, targets: Array, size_weights: Array) -> Array:
        """Fit e on some chains under every prior: (n_decays · n_penalties, 1 + n_pairs)."""
        n_rows = targets.size
        features = np.vstack([products.reshape(n_rows, -1), np.ones(products.shape[2])])
        free = np.column_stack([np.ones(n_rows + 1), features.sum(axis=1)])
        weights = np.tile(size_weights, len(targets))
        weights = np.append(weights, 10 * weights.max())  # v(∅) and v(N) are part of every estimate
        first, second = np.triu_indices(self._n, 1)
        paths = []
        for decay in _DECAYS:
            deviations = (second - first) ** -float(decay)
            path = ridge_path(free, features * deviations, np.append(targets, self._even_end), weights)
            paths.append(np.column_stack([path[:, 0], path[:, 1:2] + path[:, 2:] * deviations]))
        return np.vstack(paths)


def _prefixes(orders: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return who is in S_1 … S_{n−1}: bool (n_chains, n − 1, n)."""
    ranks = orders.argsort(axis=1)
    present: NDArray[np.bool_] = ranks[:, None, :] < np.arange(1, orders.shape[1])[:, None]
    return present


def _pair_weights(n_of_pair: NDArray[np.int8]) -> Array:
    """Return u_ij(S_s): (n_chains, n − 1, n_pairs), from how many of i and j are in S_s."""
    n = n_of_pair.shape[1] + 1
    size = np.arange(1, n)[:, None]
    with np.errstate(divide="ignore"):  # sizes at which no coalition holds both, or neither
        none, both = n / ((n - size) * (n - size - 1)), n / (size * (size - 1))
    return np.select([n_of_pair == 0, n_of_pair == 1], [none, -n / (size * (n - size))], both)


def _standard_error(samples: Array) -> Array:
    error: Array = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    return error
