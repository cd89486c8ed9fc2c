"""The noise floor of the calibration error: what a perfectly calibrated model would show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import ConfigError
from whytrain.metrics.calibration import bin_index
from whytrain.metrics.checks import check_probabilities

# Simulated outcomes held at a time: 2 MiB, which stay in the cache.
_CHUNK_ELEMENTS = 262_144


@dataclass(frozen=True)
class NoiseFloor:
    """Calibration errors of a calibrated model with the same confidences.

    Attributes:
        errors: float64 (n_simulations,), sorted.
    """

    errors: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean error of a calibrated model: what finite data add to any model's."""
        return float(self.errors.mean())

    @property
    def percentile_95(self) -> float:
        """A calibrated model stays below this in 95% of samples."""
        return float(np.quantile(self.errors, 0.95))

    def p_value(self, error: float) -> float:
        """Return how likely a calibrated model shows at least this error; one-sided.

        Args:
            error: the expected calibration error that was measured, with the same number of bins.
        """
        # Up to rounding: the same labels summed in another order are the same error.
        at_least = int((self.errors >= error - 1e-12).sum())
        return (1 + at_least) / (1 + self.errors.size)


def ece_noise_floor(
    probabilities: ArrayLike, n_bins: int = 15, *, n_simulations: int = 1000, seed: int = 0
) -> NoiseFloor:
    """Simulate the expected calibration error of a model that is right with exactly its confidence.

    The error is biased upward: with 15 bins and 872 rows a calibrated model shows about 0.02. Its bootstrap
    interval never covers 0, so a measured error is compared with this distribution instead.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        n_bins: number of bins on [0, 1].
        n_simulations: number of simulated label sets.
        seed: of the simulation.

    Returns:
        The errors' distribution.

    Raises:
        DataError: if probabilities are not as described.
        ConfigError: if n_bins or n_simulations is below 1.

    References:
        Bröcker & Smith (2007), Increasing the Reliability of Reliability Diagrams; Vaicenavicius et al.
        (2019), Evaluating Model Calibration in Classification (both: consistency resampling).

    Example:
        >>> floor = ece_noise_floor(np.tile([0.2, 0.8], (400, 1)))
        >>> abs(floor.mean - 0.8 * 0.02) < 0.001  # E|X̄ - p| = √(2/π)·√(p(1 - p)/n) = 0.798·0.02
        True
    """
    if n_simulations < 1:
        raise ConfigError(f"A noise floor needs at least 1 simulation (1000 is usual), got {n_simulations}.")
    array = check_probabilities(probabilities)
    index = bin_index(array.max(axis=1), n_bins)
    order = np.argsort(index, kind="stable")
    confidence = array.max(axis=1)[order].astype(np.float64)
    starts = np.flatnonzero(np.diff(index[order], prepend=-1))
    generator = np.random.default_rng(seed)
    errors = np.empty(n_simulations)
    chunk = max(1, _CHUNK_ELEMENTS // confidence.size)
    for start in range(0, n_simulations, chunk):
        drawn = generator.random((min(chunk, n_simulations - start), confidence.size))
        gaps = np.add.reduceat((drawn < confidence) - confidence, starts, axis=1)
        errors[start : start + len(drawn)] = np.abs(gaps).sum(axis=1) / confidence.size
    return NoiseFloor(np.sort(errors))
