"""The Brier score in parts: reliability, resolution, uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from whytrain.metrics.calibration import bin_index, brier_score
from whytrain.metrics.checks import check_scored


@dataclass(frozen=True, kw_only=True)
class BrierParts:
    """score = reliability - resolution + uncertainty, exactly.

    Attributes:
        score: the Brier score, summed over the classes.
        reliability: squared gap between probability and frequency; 0 for a calibrated model.
        resolution: how far the frequencies in the bins are from the base rate; larger is better.
        uncertainty: Brier score of always predicting the base rates; a property of the labels.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float


def brier_parts(probabilities: ArrayLike, labels: ArrayLike, n_bins: int = 15) -> BrierParts:
    """Decompose the Brier score, class by class against the rest, and sum.

    With bins b of one class's probability, p̄_b and ō_b the mean probability and frequency in b, ō the base
    rate: reliability Σ_b n_b/n·(p̄_b - ō_b)², uncertainty ō(1 - ō), resolution Σ_b n_b/n·(ō_b - ō)² less the
    variance within bins plus twice the covariance within bins, so that the parts add up however the bins lie.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        n_bins: bins on [0, 1], equal width and closed on the right.

    Returns:
        The score and its parts.

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if n_bins < 1.

    References:
        Murphy (1973), A New Vector Partition of the Probability Score; Stephenson, Coelho & Jolliffe (2008),
        Two Extra Components in the Brier Score Decomposition.

    Example:
        >>> parts = brier_parts([[0.2, 0.8]] * 4 + [[0.8, 0.2]] * 4, [1, 1, 1, 0, 0, 0, 0, 1])
        >>> [round(part, 6) for part in (parts.reliability, parts.resolution, parts.uncertainty)]
        [0.005, 0.125, 0.5]
    """
    array, classes = check_scored(probabilities, labels)
    n_rows, n_classes = array.shape
    # Bins of different classes get different numbers: one pass over all columns.
    index = (bin_index(array, n_bins) + np.arange(n_classes) * n_bins).ravel()
    p = array.astype(np.float64).ravel()
    o = (classes[:, None] == np.arange(n_classes)).astype(np.float64).ravel()
    counts = np.maximum(np.bincount(index, minlength=n_classes * n_bins), 1)
    p_bin = np.bincount(index, weights=p, minlength=counts.size) / counts
    o_bin = np.bincount(index, weights=o, minlength=counts.size) / counts
    base = np.bincount(classes, minlength=n_classes) / n_rows
    p_within, o_within = p - p_bin[index], o - o_bin[index]
    between = np.square(o_bin[index].reshape(array.shape) - base).sum()
    within = (2 * p_within @ o_within) - p_within @ p_within
    return BrierParts(
        score=brier_score(array, classes),
        reliability=float(np.square(p_bin - o_bin)[index].sum() / n_rows),
        resolution=float((between + within) / n_rows),
        uncertainty=float((base * (1 - base)).sum()),
    )
