"""Products of signs, the terms that a game is made of, and which of them are likely to be large."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_TERMS = 3000  # of an order: of 27 players all triples, of 18 all fours


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
        """Return the products (…, k) for signs (…, n)."""
        products = signs[..., self.members[0]].copy()
        for players in self.members[1:]:
            products *= signs[..., players]
        return products


def likely_terms(order: int, weights: Array) -> Terms:
    r"""Return the terms of an order, with what is thought of their sizes before anything was measured.

    Players that matter for themselves interact most, and in text those that are near each other do: the
    coefficient of a term has the deviation (Π weights)^(1/order) / √(1 + words between its ends beyond its
    own). Of many players only the terms among those of largest weight are taken.

    Args:
        order: players of a term, 2 or more.
        weights: float64 (n,), positive: how much each matters.
    """
    n = len(weights)
    chosen = n
    while order > 2 and chosen > order and comb(chosen, order) > _MOST_TERMS:
        chosen -= 1
    players = np.sort(np.argsort(-weights, kind="stable")[:chosen])
    if len(players) < order:
        members = np.empty((order, 0), dtype=np.int64)
    else:
        members = players[np.array(list(combinations(range(len(players)), order))).T]
    extra = members[-1] - members[0] - (order - 1)
    deviations = np.prod(weights[members], axis=0) ** (1 / order) / np.sqrt(1.0 + extra)
    if len(deviations):
        deviations /= np.sqrt(np.mean(deviations**2))
    return Terms(members=members, deviations=deviations)
