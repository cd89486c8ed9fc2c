"""Where in a sentence the importance lies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def position_profile(values: Sequence[NDArray[np.float64]], n_bins: int) -> NDArray[np.float64]:
    """Share of the importance by relative position, averaged over sentences.

    Word i of n covers the positions [i/n, (i + 1)/n) and has the share |score_i| / Σ|score|, spread evenly.

    Args:
        values: per sentence the scores (n,) of its words; sentences whose scores are all 0 have no
            profile and are left out.
        n_bins: number of equal bins of [0, 1].

    Returns:
        float64 (n_bins,), sums to 1; NaN if no sentence has a profile.

    >>> position_profile([np.array([1.0, -3.0])], 4).tolist()
    [0.125, 0.125, 0.375, 0.375]
    """
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    profiles = []
    for scores in values:
        total = np.abs(scores).sum()
        if total > 0:
            shares = np.concatenate([[0.0], np.cumsum(np.abs(scores)) / total])
            profiles.append(np.diff(np.interp(edges, np.linspace(0.0, 1.0, len(shares)), shares)))
    return np.mean(profiles, axis=0) if profiles else np.full(n_bins, np.nan)
