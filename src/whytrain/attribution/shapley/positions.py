"""Where in a sentence the importance lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.values import Table

N_PARTS = 3  # beginning, middle, end


@dataclass(frozen=True, eq=False)
class Parts:
    """Beginning, middle and end of a sentence.

    Attributes:
        bounds: int64 (4,), the words of part p are bounds[p] … bounds[p + 1] − 1; parts differ by at most
            one word, the first ones being longer.
        alone: float64 (3,), v(part alone).
        attributed: float64 (3,), the sum of the words' Shapley values.
        empty: v(∅), from which both are counted: `alone` − `empty` is what the part adds by itself.
    """

    bounds: NDArray[np.int64]
    alone: NDArray[np.float64]
    attributed: NDArray[np.float64]
    empty: float


def part_values(table: Table, values: NDArray[np.float64]) -> Parts:
    """Payoff of each third of the sentence alone, beside the sum of its Shapley values.

    Args:
        table: float64 (2^n,), payoffs.
        values: float64 (n,), Shapley values of the same table.
    """
    lengths = [len(part) for part in np.array_split(values, N_PARTS)]
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    coalitions = (1 << bounds[1:]) - (1 << bounds[:-1])
    sums = [values[start:end].sum() for start, end in pairwise(bounds)]
    return Parts(bounds, table[coalitions], np.array(sums), float(table[0]))


def position_profile(values: Sequence[NDArray[np.float64]], n_bins: int) -> NDArray[np.float64]:
    """Share of the importance by relative position, averaged over sentences.

    Word i of n covers the positions [i/n, (i + 1)/n) and has the share |φ_i| / Σ|φ|, spread evenly.

    Args:
        values: per sentence the Shapley values (n,) of its words; sentences whose values are all 0 have no
            profile and are left out.
        n_bins: number of equal bins of [0, 1].

    Returns:
        float64 (n_bins,), sums to 1; NaN if no sentence has a profile.

    >>> position_profile([np.array([1.0, -3.0])], 4).tolist()
    [0.125, 0.125, 0.375, 0.375]
    """
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    profiles = []
    for phi in values:
        total = np.abs(phi).sum()
        if total > 0:
            shares = np.concatenate([[0.0], np.cumsum(np.abs(phi)) / total])
            profiles.append(np.diff(np.interp(edges, np.linspace(0.0, 1.0, len(shares)), shares)))
    return np.mean(profiles, axis=0) if profiles else np.full(n_bins, np.nan)
