"""Shapley values and pairwise interactions, exact, from the table of all payoffs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import binom

from whytrain.attribution.shapley.coalitions import coalition_sizes, n_players_of

Table = NDArray[np.float64]


def coalition_weights(n_others: int) -> NDArray[np.float64]:
    """Probability of each single coalition of a given size among k others: 1 / ((k + 1)·C(k, s)).

    This is the chance that exactly these players precede a given one in a random order.

    Returns:
        float64 (n_others + 1,), by size s.

    >>> coalition_weights(2).round(3).tolist()
    [0.333, 0.167, 0.333]
    """
    sizes = np.arange(n_others + 1)
    return np.asarray(1.0 / ((n_others + 1) * binom(n_others, sizes)), dtype=np.float64)


def shapley_values(table: Table) -> NDArray[np.float64]:
    r"""Shapley value of every player.

    φ_i = Σ_{S ⊆ N∖i} |S|!(n−|S|−1)!/n! · [v(S∪i) − v(S)].

    Args:
        table: float64 (2^n,), payoffs; bit i of the index = player i is present.

    Returns:
        float64 (n,); the sum is v(N) − v(∅).

    Raises:
        ValueError: the table's length is no power of two.

    References:
        Shapley (1953), A value for n-person games.

    >>> shapley_values(np.array([0.0, 1.0, 2.0, 5.0])).tolist()  # 1 + 2, and 2 shared by both
    [2.0, 3.0]
    """
    n_players = n_players_of(len(table))
    if n_players == 0:
        return np.zeros(0)
    gains = table - table[0]  # a constant must not cost digits
    weights = coalition_weights(n_players - 1)
    sizes = coalition_sizes(n_players)
    # A coalition counts for its members with the weight of the rest of it, against the others with its own.
    against = gains * np.append(weights, 0.0)[sizes]
    for_members = gains * np.append(0.0, weights)[sizes]
    values: NDArray[np.float64] = _sums_of_members(for_members + against) - against.sum()
    return values


def pair_interactions(table: Table) -> NDArray[np.float64]:
    r"""Pairwise Shapley interaction index.

    I_ij = Σ_{S ⊆ N∖{i,j}} |S|!(n−|S|−2)!/(n−1)! · [v(S∪ij) − v(S∪i) − v(S∪j) + v(S)].

    Args:
        table: float64 (2^n,), payoffs; bit i of the index = player i is present.

    Returns:
        float64 (n, n), symmetric, zeros on the diagonal.

    Raises:
        ValueError: the table's length is no power of two.

    References:
        Grabisch, Roubens (1999), An axiomatic approach to the concept of interaction among players in
        cooperative games, definition 1.
    """
    n_players = n_players_of(len(table))
    if n_players <= 1:
        return np.zeros((n_players, n_players))
    gains = table - table[0]
    weights = coalition_weights(n_players - 2)
    sizes = coalition_sizes(n_players)
    both = gains * np.concatenate([[0.0, 0.0], weights])[sizes]  # the weight of a coalition that holds i, j,
    one = gains * np.concatenate([[0.0], weights, [0.0]])[sizes]  # one of them,
    none = gains * np.concatenate([weights, [0.0, 0.0]])[sizes]  # or neither
    joint = _sums_of_pairs(both + 2 * one + none)
    single = _sums_of_members(one + none)
    interactions: NDArray[np.float64] = joint - np.add.outer(single, single) + none.sum()
    np.fill_diagonal(interactions, 0.0)
    return interactions


def _sums_of_members(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ over the coalitions that contain i: (n,), by folding the cube along one player after another."""
    sums = np.empty(n_players_of(len(terms)))
    for player in reversed(range(len(sums))):
        without, with_player = np.split(terms, 2)
        sums[player] = with_player.sum()
        terms = without + with_player
    return sums


def _sums_of_pairs(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ over the coalitions that contain i and j: (n, n), zeros on the diagonal."""
    n_players = n_players_of(len(terms))
    sums = np.zeros((n_players, n_players))
    for player in reversed(range(1, n_players)):
        without, with_player = np.split(terms, 2)
        sums[player, :player] = sums[:player, player] = _sums_of_members(with_player)
        terms = without + with_player
    return sums
