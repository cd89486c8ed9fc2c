"""Bootstrap intervals of the proper scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.metrics.calibration import brier_per_row, nll_per_row
from whytrain.statistics.intervals import Interval, bootstrap_interval


def nll_interval(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Negative log-likelihood with its percentile bootstrap interval over sentences.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        level: coverage, in (0, 1).
        n_resamples: number of resamples.
        seed: of the resampling.

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if the level is outside (0, 1) or n_resamples is not positive.
    """
    rows = nll_per_row(probabilities, labels)
    return bootstrap_interval(_mean, rows, level=level, n_resamples=n_resamples, seed=seed)


def brier_interval(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Brier score with its percentile bootstrap interval over sentences.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        level: coverage, in (0, 1).
        n_resamples: number of resamples.
        seed: of the resampling.

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if the level is outside (0, 1) or n_resamples is not positive.
    """
    rows = brier_per_row(probabilities, labels)
    return bootstrap_interval(_mean, rows, level=level, n_resamples=n_resamples, seed=seed)


def _mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = rows.mean(axis=1)
    return means
