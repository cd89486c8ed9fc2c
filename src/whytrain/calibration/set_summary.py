"""What prediction sets look like on a test set: coverage, sizes, how many are ambiguous or empty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import DataError
from whytrain.metrics.checks import check_labels
from whytrain.statistics.intervals import Interval, wilson_interval


@dataclass(frozen=True, kw_only=True)
class SetSummary:
    """Coverage and sizes of prediction sets.

    Attributes:
        coverage: share of sets that hold the label, with its interval.
        coverage_per_class: the same among the rows of each class; None for a class without rows.
        mean_size: mean number of classes in a set.
        size_counts: int64 (n_classes + 1,), number of sets with 0, 1, … classes.
        singleton: share of sets with one class.
        ambiguous: share of sets with more than one class.
        empty: share of sets without a class.
    """

    coverage: Interval
    coverage_per_class: tuple[Interval | None, ...]
    mean_size: float
    size_counts: NDArray[np.int64]
    singleton: float
    ambiguous: float
    empty: float


def summarize_sets(sets: ArrayLike, labels: ArrayLike, level: float = 0.95) -> SetSummary:
    """Summarize prediction sets against labels.

    Args:
        sets: bool (n, n_classes), which classes are in each row's set.
        labels: integers (n,) in 0..n_classes - 1.
        level: coverage of the Wilson intervals, in (0, 1).

    Returns:
        The summary.

    Raises:
        DataError: if sets or labels are not as described.
        ConfigError: if the level is outside (0, 1).

    Example:
        >>> summary = summarize_sets([[True, False], [True, True], [False, False]], [0, 1, 1])
        >>> summary.coverage.estimate == 2 / 3, summary.size_counts.tolist()
        (True, [1, 1, 1])
    """
    members = np.asarray(sets)
    if members.ndim != 2 or members.dtype != np.bool_ or not members.size:
        raise DataError(f"Expected sets as bool (n, n_classes), got {members.dtype} {members.shape}.")
    n_rows, n_classes = members.shape
    classes = check_labels(labels, n_rows, n_classes)
    covered = members[np.arange(n_rows), classes]
    size_counts = np.bincount(members.sum(axis=1), minlength=n_classes + 1)
    return SetSummary(
        coverage=wilson_interval(int(covered.sum()), n_rows, level),
        coverage_per_class=tuple(
            wilson_interval(int(covered[classes == c].sum()), int((classes == c).sum()), level)
            if (classes == c).any()
            else None
            for c in range(n_classes)
        ),
        mean_size=float(members.sum() / n_rows),
        size_counts=size_counts,
        singleton=float(size_counts[1] / n_rows),
        ambiguous=float(size_counts[2:].sum() / n_rows),
        empty=float(size_counts[0] / n_rows),
    )
