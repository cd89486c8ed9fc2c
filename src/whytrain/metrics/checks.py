"""What the metrics accept: probabilities (n, n_classes) and labels (n,), or label sets (n, n_labels)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import ConfigError, DataError

# Wide enough for a softmax in half precision or a table rounded to four digits, narrow enough to catch
# logits, percentages, scores of independent sigmoids and a forgotten class.
SUM_TOLERANCE = 1e-3


def check_probabilities(probabilities: ArrayLike, name: str = "probabilities") -> NDArray[np.floating]:
    """Return probabilities as a floating array of their own precision.

    Args:
        probabilities: floating (n, n_classes), n ≥ 1, n_classes ≥ 2, in [0, 1], each row summing to 1.
        name: what the message calls them.

    Raises:
        DataError: for another shape, values outside [0, 1] or not a number, rows that do not sum to 1.
    """
    array = np.asarray(probabilities)
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    if array.ndim != 2 or array.shape[0] < 1 or array.shape[1] < 2:
        raise DataError(
            f"Expected {name} of shape (n, n_classes) with n >= 1 and n_classes >= 2, got {array.shape}; "
            "for two classes give both columns, 1 - p and p."
        )
    if not ((array >= 0) & (array <= 1)).all():  # NaN fails both
        raise DataError(
            f"Expected {name} in [0, 1], got values from {array.min():.4g} to {array.max():.4g}; "
            "apply softmax to logits first."
        )
    sums = array.sum(axis=1, dtype=np.float64)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > SUM_TOLERANCE:
        raise DataError(
            f"Expected {name} that sum to 1 in each row, got {sums[worst]:.6g} in row {worst}; "
            "apply softmax over the classes."
        )
    return array


def check_labels(labels: ArrayLike, n_rows: int, n_classes: int) -> NDArray[np.int64]:
    """Return labels as int64 (n_rows,).

    Args:
        labels: integers (n_rows,) in 0..n_classes - 1.
        n_rows: number of rows that the labels belong to.
        n_classes: number of classes.

    Raises:
        DataError: for another shape, values that are not whole numbers, or labels out of range.
    """
    array = np.asarray(labels)
    if array.shape != (n_rows,):
        raise DataError(f"Expected one label per row, shape ({n_rows},), got shape {array.shape}.")
    if array.dtype.kind not in "iub":
        raise DataError(f"Expected labels as class indices (integers), got dtype {array.dtype}.")
    if array.min() < 0 or array.max() >= n_classes:
        raise DataError(
            f"Expected labels in 0..{n_classes - 1} (one per column of the probabilities), "
            f"got {array.min()}..{array.max()}."
        )
    return array.astype(np.int64)


def check_scored(
    probabilities: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Return both as arrays; raises DataError as `check_probabilities` and `check_labels` do."""
    array = check_probabilities(probabilities)
    return array, check_labels(labels, *array.shape)


def check_label_sets(
    probabilities: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Return probabilities of labels that do not exclude each other, and which labels each row has.

    Args:
        probabilities: floating (n, n_labels), n ≥ 1, n_labels ≥ 2, in [0, 1].
        labels: 0 or 1, integers (n, n_labels).

    Raises:
        DataError: for other shapes or values.
    """
    array, sets = np.asarray(probabilities), np.asarray(labels)
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    if array.ndim != 2 or array.shape[0] < 1 or array.shape[1] < 2 or sets.shape != array.shape:
        raise DataError(
            "Expected probabilities and labels of one shape (n, n_labels) with n >= 1 and n_labels >= 2, got "
            f"{array.shape} and {sets.shape}."
        )
    if not ((array >= 0) & (array <= 1)).all():  # NaN fails both
        raise DataError(
            f"Expected probabilities in [0, 1], got values from {array.min():.4g} to {array.max():.4g}; "
            "apply the sigmoid to logits first."
        )
    if sets.dtype.kind not in "iub" or not np.isin(sets, (0, 1)).all():
        raise DataError("Expected 0 or 1 for each label of a row, got other values.")
    return array, sets.astype(np.int64)


def check_bins(n_bins: int) -> None:
    """Raise ConfigError unless there is at least one bin."""
    if n_bins < 1:
        raise ConfigError(f"Expected at least 1 bin (15 is usual), got n_bins={n_bins}.")
