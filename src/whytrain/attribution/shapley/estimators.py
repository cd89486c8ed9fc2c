"""Shapley values and pairwise interactions of long sentences, estimated, with standard errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.left_out import LeftOut, leave_groups_out
from whytrain.attribution.shapley.monomials import MOST_RANKED, Terms, likely_terms

Array = NDArray[np.float64]
Game = Callable[[NDArray[np.bool_]], Array]  # coalitions bool (m, n_players) to payoffs (m,)

MIN_PLAYERS = 4  # below, the table has at most eight entries
_MIN_CHAINS = 4
# How large coefficients are thought to be, relative to a term of the usual kind (for text: measured on tables
# of sentences of 15 to 18 words).
_FOURS = 0.05  # a product of four, beside one of two
_LEAST_WEIGHT = 0.1  # of a player that does nothing by itself, where the mean is 1
# Terms that a regression takes, the likeliest. With all triples standard errors of values are smaller by a
# tenth, in twice the time at 1,024 evaluations and ten times at 4,096.
_MOST_TRIPLES = 400
_FEW_FOURS = 0.5  # beside one row; tried beside all of them, which are too many where words hardly interact
# Of the regressions' variance what the chains, which all use nearly the same one, do not show: with it 95%
# intervals hold between 91 and 98% over games of 8 to 12 players and 8 to 42 chains.
_COMMON = 0.3


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimate:
    """Estimated values and interactions.

    Attributes:
        values: float64 (n,), Shapley values; their sum is v(N) − v(∅) exactly.
        values_se: float64 (n,), their standard errors.
        total: v(∅) and v(N).
        n_chains: independent samples behind the standard errors; intervals take Student's t with
            n_chains − 1 degrees of freedom.
        n_evaluations: payoffs that were computed.
        chains: the samples.
    """

    values: Array
    values_se: Array
    total: tuple[float, float]
    n_chains: int
    n_evaluations: int
    chains: _Chains

    @property
    def interactions(self) -> Array:
        """Float64 (n, n), pairwise Shapley interaction indices, zeros on the diagonal."""
        return self._interactions[0]

    @property
    def interactions_se(self) -> Array:
        """Float64 (n, n), their standard errors."""
        return self._interactions[1]

    @cached_property
    def _interactions(self) -> tuple[Array, Array]:
        return self.chains.interactions()


def minimum_budget(n_players: int) -> int:
    """Return the fewest evaluations that allow a standard error: four chains, v(∅) and v(N)."""
    return _evaluations(n_players, _MIN_CHAINS)


def estimate_interactions(game: Game, n_players: int, budget: int, seed: int) -> Estimate:
    r"""Estimate values and pairwise interactions from random orders of the players and their reversals.

    A chain is an order and its reversal: the prefixes ∅ = S_0 ⊂ S_1 ⊂ … ⊂ S_n = N and their complements,
    each evaluated once and used by all estimates. With o(S) = ½[v(S) − v(N∖S)], e(S) = ½[v(S) + v(N∖S)]:

    φ_i = mean over chains of o(S_k∪i) − o(S_k), where i comes after S_k;
    I_ij = mean over chains of Σ_s u_ij(S_s)·e(S_s), u = n/(s(s−1)) for both of i, j in S_s, n/((n−s)(n−s−1))
    for none and −n/(s(n−s)) for one of them.

    Neither is computed from o and e themselves but from what regressions leave of them: o on single players
    and likely triples, e on pairs and likely fours, as products of signs x_i = ±1 (i in S or not). Of a
    product the values are known: of x_i φ_i = 2; of x_i·x_j·x_k φ = ⅔ for each; of x_i·x_j I_ij = 4; of
    x_i·x_j·x_k·x_l I = 4/3 for each pair. The residuals of a chain are those of a regression without it, so
    that a chain's estimate is unbiased whatever the regression is worth, but for what all chains decide
    together: its penalty, which terms are thought to be large, and whether few fours or all. Standard errors
    are those of the chains' mean and a share of the regression's own (its jackknife over chains), which all
    chains have in common.

    Args:
        game: coalitions bool (m, n) to payoffs float64 (m,).
        n_players: n, at least 4; smaller games are exact from a table.
        budget: number of payoffs that may be computed, at least `minimum_budget`.
        seed: seed of the generator; the global one is left alone.

    Raises:
        ValueError: fewer than 4 players, or too small a budget.

    References:
        Castro, Gómez, Tejada (2009), Polynomial calculation of the Shapley value based on sampling;
        Mitchell et al. (2022), Sampling permutations for Shapley value estimation (reversals);
        Witter et al. (2025), Regression-adjusted Monte Carlo estimators for Shapley values;
        Efron, Stein (1981), The jackknife estimate of variance.
    """
    if n_players < MIN_PLAYERS:
        raise ValueError(f"expected at least {MIN_PLAYERS} players, got {n_players}; use the exact table")
    if budget < minimum_budget(n_players):
        raise ValueError(
            f"expected a budget of at least {minimum_budget(n_players)} for {n_players} players, got {budget}"
        )
    n_chains = (budget - 2) // (2 * (n_players - 1))
    chains = _Chains(game, n_players, n_chains, np.random.default_rng(seed))
    values, values_se = chains.values()
    return Estimate(
        values=values,
        values_se=values_se,
        total=chains.total,
        n_chains=n_chains,
        n_evaluations=_evaluations(n_players, n_chains),
        chains=chains,
    )


def _evaluations(n_players: int, n_chains: int) -> int:
    return 2 + n_chains * 2 * (n_players - 1)


class _Chains:
    """Random orders with the payoffs of their prefixes and complements."""

    def __init__(self, game: Game, n_players: int, n_chains: int, rng: np.random.Generator) -> None:
        """Draw the orders and evaluate S_1 … S_{n−1} and their complements, ∅ and N, all at once."""
        self._n = n = n_players
        self._orders = rng.permuted(np.tile(np.arange(n), (n_chains, 1)), axis=1)
        present = _prefixes(self._orders).reshape(-1, n)
        ends = np.array([[False] * n, [True] * n])
        payoffs = game(np.concatenate([ends, present, ~present]))
        self.total = float(payoffs[0]), float(payoffs[1])
        self._odd_end, self._even_end = np.diff(self.total).item() / 2, sum(self.total) / 2
        first, second = payoffs[2:].reshape(2, n_chains, n - 1)
        self._odd, self._even = (first - second) / 2, (first + second) / 2

    def __len__(self) -> int:
        return len(self._orders)

    def values(self) -> tuple[Array, Array]:
        """Return the values and their standard errors, both (n,)."""
        n, signs = self._n, self._signs()
        triples = likely_terms(3, self._weights(), _MOST_TRIPLES)
        fit = self._fit(signs, triples.of(signs) * triples.deviations, self._odd, self._odd_end)
        singles, products = np.hsplit(fit.coefficients, [n])
        products = products * triples.deviations
        models = 2 * singles
        for players in triples.members:
            models += 2 / 3 * _summed(products, players, n)
        ends = self._odd_end - singles.sum(axis=1) - products.sum(axis=1)
        return _estimate(models, self._marginals(fit.residuals, ends))

    def interactions(self) -> tuple[Array, Array]:
        """Return the pairwise interactions and their standard errors, both (n, n)."""
        n, signs, weights = self._n, self._signs(), self._weights()
        pairs = likely_terms(2, weights)
        few, every = (likely_terms(4, weights, most) for most in (int(_FEW_FOURS * len(signs)), MOST_RANKED))
        tried = [few] if len(few.deviations) == len(every.deviations) else [few, every]
        fits = [self._fit_even(signs, pairs, fours) for fours in tried]
        fit, models, said = min(fits, key=lambda each: each[0].error)
        present = _prefixes(self._orders)
        n_of_pair = present[:, :, pairs.members[0]].astype(np.int8) + present[:, :, pairs.members[1]]
        rest = np.einsum("csp,cs->cp", _pair_weights(n_of_pair), fit.residuals)
        # v(∅) and v(N) are known: what the regression says of them is corrected without noise.
        rest += 2 * (self._even_end - said) / (n - 1)
        estimate, se = np.zeros((n, n)), np.zeros((n, n))
        estimate[tuple(pairs.members)], se[tuple(pairs.members)] = _estimate(models, rest)
        return estimate + estimate.T, se + se.T

    def _fit_even(self, signs: Array, pairs: Terms, fours: Terms) -> tuple[LeftOut, Array, Array]:
        """Return a fit of e, the interactions that it says (n_chains, n_pairs), and e(N), (n_chains, 1)."""
        n, likely, likely_fours = self._n, pairs.deviations, _FOURS * fours.deviations
        products = pairs.of(signs)
        # All pairs have something in common: what payoffs of small, middling and large coalitions differ in.
        free = np.column_stack([np.ones(len(signs)), products @ likely])
        features = np.hstack([products * likely, fours.of(signs) * likely_fours])
        fit = self._fit(free, features, self._even, self._even_end)
        constant, common, of_pairs, of_fours = np.hsplit(fit.coefficients, [1, 2, 2 + len(likely)])
        of_pairs, of_fours = (of_pairs + common) * likely, of_fours * likely_fours
        models = 4 * of_pairs
        number = np.zeros((n, n), dtype=np.int64)
        number[tuple(pairs.members)] = np.arange(len(likely))
        for first, second in combinations(fours.members, 2):
            models += 4 / 3 * _summed(of_fours, number[first, second], len(likely))
        return fit, models, np.hstack([constant, of_pairs, of_fours]).sum(axis=1, keepdims=True)

    def _fit(self, free: Array, features: Array, targets: Array, end: float) -> LeftOut:
        """Fit targets (n_chains, n − 1), and their known value for N, by features of the rows of `_signs`."""
        sizes = np.arange(1, self._n)
        weights = np.tile(1 / sizes + 1 / (self._n - sizes), len(self))  # those of the ends count most
        weights = np.append(weights, 10 * weights.max())  # v(∅) and v(N) are part of every estimate
        return leave_groups_out(free, features, np.append(targets, end), weights, len(self))

    def _signs(self) -> Array:
        """Return ±1 for who is in each S_1 … S_{n−1}, chain by chain, and in N: (n_chains·(n − 1) + 1, n)."""
        present = _prefixes(self._orders).reshape(-1, self._n)
        return np.vstack([np.where(present, 1.0, -1.0), np.ones(self._n)])

    def _marginals(self, odd: Array, ends: Array) -> Array:
        """Return o(S_k∪i) − o(S_k) of every chain by player, (n_chains, n), from o and o(N), (n_chains,)."""
        marginals = np.diff(np.column_stack([-ends, odd, ends]), axis=1)
        by_player = np.empty_like(marginals)
        np.put_along_axis(by_player, self._orders, marginals, axis=1)
        return by_player

    def _weights(self) -> Array:
        """Return how much each player matters for itself, (n,), roughly."""
        ends = np.full(len(self), self._odd_end)
        sizes = np.abs(self._marginals(self._odd, ends).mean(axis=0))
        return np.asarray(sizes / (sizes.mean() or 1.0) + _LEAST_WEIGHT)


def _estimate(models: Array, rest: Array) -> tuple[Array, Array]:
    """Return means over chains and standard errors, of what regressions say and what they leave."""
    n_chains = len(models)
    chains = models + rest
    jackknife = (n_chains - 1) ** 2 / n_chains * models.var(axis=0, ddof=1)
    return chains.mean(axis=0), np.sqrt(chains.var(axis=0, ddof=1) / n_chains + _COMMON * jackknife)


def _summed(coefficients: Array, places: NDArray[np.int64], n: int) -> Array:
    """Sum coefficients (n_chains, k) by place, int64 (k,): (n_chains, n)."""
    sums = np.zeros((n, len(coefficients)))
    np.add.at(sums, places, coefficients.T)
    return sums.T


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
