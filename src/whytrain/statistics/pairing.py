"""Rows of two runs that belong together: the same sentence, judged by both."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import DataError


def align_rows(
    row_ids_a: ArrayLike, labels_a: ArrayLike, row_ids_b: ArrayLike, labels_b: ArrayLike
) -> NDArray[np.int64]:
    """Return the order of B's rows in which they match A's: `values_b[order]` belongs to A's rows.

    Args:
        row_ids_a: (n,), unique ids of A's rows.
        labels_a: integers (n,), gold labels of A's rows; or label sets (n, n_labels).
        row_ids_b: (n,), the same ids in any order.
        labels_b: integers (n,), gold labels of B's rows.

    Returns:
        int64 (n,).

    Raises:
        DataError: if an id repeats, the runs do not judge the same rows, or a row has two gold labels.

    Example:
        >>> align_rows(["x", "y", "z"], [0, 1, 1], ["z", "x", "y"], [1, 0, 1]).tolist()
        [1, 2, 0]
    """
    ids_a, ids_b = _unique_ids(row_ids_a, labels_a, "A"), _unique_ids(row_ids_b, labels_b, "B")
    shared = int(np.isin(ids_a, ids_b).sum())
    if shared < max(ids_a.size, ids_b.size):
        raise DataError(
            f"A paired comparison needs the same rows in both runs: A has {ids_a.size}, B has {ids_b.size}, "
            f"they share {shared}; evaluate both on one split (same data and data.split_seed)."
        )
    order = np.empty(ids_a.size, dtype=np.int64)
    order[np.argsort(ids_a)] = np.argsort(ids_b)
    _check_same_labels(ids_a, np.asarray(labels_a), np.asarray(labels_b)[order])
    return order


def _unique_ids(row_ids: ArrayLike, labels: ArrayLike, run: str) -> NDArray[np.generic]:
    ids = np.asarray(row_ids)
    if ids.ndim != 1 or ids.shape != np.shape(labels)[:1]:
        raise DataError(
            f"Expected one label per row id in run {run}, got shapes {ids.shape} and {np.shape(labels)}."
        )
    values, counts = np.unique(ids, return_counts=True)
    if values.size < ids.size:
        raise DataError(
            f"Row ids of run {run} must be unique, got {values[counts.argmax()]!s} more than once."
        )
    return ids


def _check_same_labels(
    ids: NDArray[np.generic], labels_a: NDArray[np.integer], labels_b: NDArray[np.integer]
) -> None:
    if labels_a.ndim == 2:  # each label set counts as one thing
        both = np.concatenate([labels_a, labels_b])
        numbers = np.unique(both, axis=0, return_inverse=True)[1].reshape(2, -1)
        labels_a, labels_b = numbers[0], numbers[1]
    wrong = np.flatnonzero(labels_a != labels_b)
    if not wrong.size:
        return
    pairs = np.unique(np.stack([labels_a, labels_b]), axis=1)
    renamed = all(np.unique(side).size == side.size for side in pairs)
    first = wrong[0]
    raise DataError(
        f"Both runs must have the same gold labels: {wrong.size} of {ids.size} rows differ, first row "
        f"{ids[first]!s} ({labels_a[first]} in A, {labels_b[first]} in B); "
        + (
            "the runs number the same classes in a different order: reorder B's labels and columns."
            if renamed
            else "evaluate both on the same data."
        )
    )
