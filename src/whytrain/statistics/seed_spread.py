"""What the choice of seeds adds to the uncertainty of a difference."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

# Below it the spread of seeds rests on so few of them that t stretches the interval by half or more.
ENOUGH_SEEDS = 5


def standard_error(per_seed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return s / √S of each metric (n_metrics,) from values (n_metrics, n_seeds); NaN for one seed."""
    n_seeds = per_seed.shape[1]
    if n_seeds == 1:
        return np.full(len(per_seed), np.nan)
    error: NDArray[np.float64] = per_seed.std(axis=1, ddof=1) / math.sqrt(n_seeds)
    return error


def interaction_variance(resampled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what resampled sentences do to seeds one by one, as variance of the seeds' mean (n_metrics,).

    The deviations of seeds from their mean, (n_resamples, n_metrics, n_seeds), move over resamples only
    because sentences tell the seeds apart. Resamples where a metric is not defined, NaN, are left out.
    """
    n_seeds = resampled.shape[2]
    if n_seeds == 1:
        return np.full(resampled.shape[1], np.nan)
    deviations = resampled - resampled.mean(axis=2, keepdims=True)
    var = np.nanvar if np.isnan(deviations).any() else np.var
    variance: NDArray[np.float64] = var(deviations, axis=0).sum(axis=1) / ((n_seeds - 1) * n_seeds)
    return variance


def seed_shifts(observed: list[NDArray[np.float64]], n_resamples: int, seed: int) -> NDArray[np.float64]:
    """Return Σ over sides of t*·s/√S, (n_resamples, n_metrics).

    t* runs through equally likely quantiles in random order: independent draws of a t with one degree of
    freedom would leave the ends of the interval to chance.
    """
    generator = np.random.default_rng([seed, 1])
    quantiles = (np.arange(n_resamples) + 0.5) / n_resamples
    shifts = np.zeros((n_resamples, len(observed[0])))
    for side in observed:
        if side.shape[1] > 1:
            draws = generator.permutation(special.stdtrit(side.shape[1] - 1, quantiles))
            shifts += draws[:, None] * standard_error(side)
    return shifts


def note_on_seeds(n_seeds: int, level: float) -> str:
    """Say in one sentence what so few seeds mean for intervals at this level; empty where they are enough."""
    if n_seeds >= ENOUGH_SEEDS:
        return ""
    if n_seeds == 1:
        return (
            "One seed: the intervals hold for these trained models, not for their recipes; "
            f"train {ENOUGH_SEEDS} seeds or more of each to compare recipes."
        )
    stretch = special.stdtrit(n_seeds - 1, (1 + level) / 2) / special.ndtri((1 + level) / 2)
    return (
        f"{n_seeds} seeds are too few to know their spread: what the seeds add to the intervals is stretched "
        f"{stretch:.1f}-fold to stay honest; train {ENOUGH_SEEDS} or more of each."
    )
