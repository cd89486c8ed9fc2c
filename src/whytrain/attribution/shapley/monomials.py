"""Products of signs, the terms that a game is made of, and which of them are likely to be large."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_RANKED = 3000  # terms of which the likeliest are taken: of 27 players all triples, of 18 all fours


@dataclass(frozen=True, eq=False, kw_only=True)
class Terms:
    r"""Products of `order` players' signs ±1.

    Attributes:
        members: int64 (order, k), increasing within a term.
        deviations: float64 (k,), how large the coefficients are thought to be, relative to each other; their
            squares have mean 1.
    """

    members: Ints
    deviations: Array

    def of(self, signs: Array) -> Array:
        """Return the products (m, k) for signs (m, n)."""
        by_player = signs.T  # whose rows lie together in memory
        products: Array = by_player[self.members[0]]
        for players in self.members[1:]:
            products *= by_player[players]
        return np.transpose(products)


def likely_terms(order: int, weights: Array, most: int | None = None) -> Terms:
    r"""Return the terms of an order, with what is thought of their sizes before anything was measured.

    Players that matter for themselves interact most, and in text those that are near each other do: the
    coefficient of a term has the deviation (Π weights)^(1/order) / √(1 + words between its ends beyond its
    own). Of many players only the terms among those of largest weight are ranked.

    Args:
        order: players of a term, 2 or more.
        weights: float64 (n,), positive: how much each matters.
        most: terms that are taken, those of largest deviation; None: all.
    """
    n = len(weights)
    chosen = n
    while most is not None and chosen > order and comb(chosen, order) > MOST_RANKED:
        chosen -= 1
    players = np.sort(np.argsort(-weights, kind="stable")[:chosen])
    if len(players) < order:
        members = np.empty((order, 0), dtype=np.int64)
    else:
        members = players[np.array(list(combinations(range(len(players)), order))).T]
    extra = members[-1] - members[0] - (order - 1)
    deviations = np.prod(weights[members], axis=0) ** (1 / order) / np.sqrt(1.0 + extra)
    if most is not None and len(deviations) > most:
        likeliest = np.sort(np.argsort(-deviations, kind="stable")[:most])
        members, deviations = members[:, likeliest], deviations[likeliest]
    if len(deviations):
        deviations /= np.sqrt(np.mean(deviations**2))
    return Terms(members=members, deviations=deviations)
