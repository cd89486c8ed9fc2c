"""What one calibration slice gives: a correction and conformal thresholds that do not spoil each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.calibration.conformal import (
    ConformalThresholds,
    class_conditional_thresholds,
    lac_thresholds,
)
from whytrain.calibration.correction import Correction, fit_correction
from whytrain.calibration.temperature import check_logits
from whytrain.errors import DataError
from whytrain.metrics.checks import check_labels


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A correction and the conformal thresholds of the probabilities that it gives.

    Attributes:
        correction: of the probabilities; of one that would not help nothing is left.
        conformal: thresholds for `prediction_sets(correction.probabilities(logits), conformal)`.
        correction_rows: int64, rows of the slice that the correction was chosen and fitted on.
        conformal_rows: int64, rows of the slice that the thresholds rest on.
    """

    correction: Correction
    conformal: ConformalThresholds
    correction_rows: NDArray[np.int64]
    conformal_rows: NDArray[np.int64]


def split_slice(n_rows: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split the calibration slice at random: one half for a correction, one for what must not see it.

    Args:
        n_rows: rows of the slice, at least 2.
        seed: of the split.

    Returns:
        The rows of each half, int64, sorted; the second has one more where n_rows is odd.

    Raises:
        DataError: with fewer than 2 rows.
    """
    if n_rows < 2:
        raise DataError(f"A calibration slice is split in two and needs at least 2 rows, got {n_rows}.")
    rows = np.random.default_rng(seed).permutation(n_rows)
    return np.sort(rows[: n_rows // 2]), np.sort(rows[n_rows // 2 :])


def calibrate(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    label_smoothing: float = 0.0,
    alpha: float = 0.1,
    class_conditional: bool = False,
    seed: int = 0,
) -> Calibration:
    """Fit a correction and conformal thresholds on one calibration slice.

    With two classes both use the whole slice: a correction keeps the order of the scores, so the sets are
    the same with any, and nothing leaks. With more classes the order changes, and thresholds from
    rows that the correction has seen would lose the guarantee: each gets half of the slice.

    Args:
        logits: floating (n, n_classes) of the calibration slice, finite, n ≥ 2.
        labels: integers (n,) in 0..n_classes - 1.
        label_smoothing: of the training labels, in [0, 1).
        alpha: the share of sets that may miss the label, in (0, 1).
        class_conditional: hold that share for every class instead of on average.
        seed: of the split.

    Returns:
        Correction, thresholds and the rows they rest on.

    Raises:
        DataError: if logits or labels are not as described.
        ConfigError: if alpha is outside (0, 1).

    Example:
        >>> generator = np.random.default_rng(0)
        >>> labels = generator.integers(3, size=300)
        >>> logits = 4 * np.eye(3)[labels] + 2 * generator.normal(size=(300, 3))
        >>> calibration = calibrate(logits, labels)
        >>> calibration.correction_rows.size, calibration.conformal_rows.size
        (150, 150)
    """
    array = check_logits(logits)
    classes = check_labels(labels, *array.shape)
    two_classes = array.shape[1] == 2
    whole = np.arange(classes.size)
    fitted, held_out = (whole, whole) if two_classes else split_slice(classes.size, seed)
    smallest = 1 / max(array.shape[0], array.shape[1] + 1)
    correction = fit_correction(
        array[fitted], classes[fitted], label_smoothing=label_smoothing, smallest=smallest
    )
    thresholds = class_conditional_thresholds if class_conditional else lac_thresholds
    return Calibration(
        correction=correction,
        conformal=thresholds(correction.probabilities(array[held_out]), classes[held_out], alpha),
        correction_rows=fitted,
        conformal_rows=held_out,
    )
