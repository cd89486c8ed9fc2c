"""Which training sentences the surrogates learn from."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.data.label_names import few_of
from whytrain.errors import DataError


def balanced_rows(
    labels: NDArray[np.int64], class_names: Sequence[str], n_rows: int, seed: int
) -> NDArray[np.int64]:
    """Draw rows, equally many of each class as long as it has any; all rows where there are no more.

    The rows are in the order in which they were drawn: the first of them are a smaller balanced sample.

    Args:
        labels: int64 (n,), gold classes of the training split.
        class_names: all classes.
        n_rows: how many at most.
        seed: of the run.

    Returns:
        int64 (min(n_rows, n),), rows.

    Raises:
        DataError: a class has no row.

    >>> rows = balanced_rows(np.array([0, 0, 0, 0, 1, 1]), ["a", "b"], n_rows=4, seed=0)
    >>> sorted(rows[:2] >= 4), sorted(rows >= 4)
    ([np.False_, np.True_], [np.False_, np.False_, np.True_, np.True_])
    """
    counts = np.bincount(labels, minlength=len(class_names))
    if not counts.all():
        missing = few_of([name for name, count in zip(class_names, counts, strict=True) if not count])
        raise DataError(
            f"surrogates need training sentences of every class, there are none of {missing}; "
            "add some, or leave that class out of the data"
        )
    order = np.random.default_rng([seed, zlib.crc32(b"surrogate")]).permutation(len(labels))
    turn = np.empty(len(labels), dtype=np.int64)  # the how-manieth of its class a row is
    for label in range(len(class_names)):
        of_class = labels[order] == label
        turn[of_class] = np.arange(counts[label])
    return order[np.argsort(turn, kind="stable")][:n_rows]
