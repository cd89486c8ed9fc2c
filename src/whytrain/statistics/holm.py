"""Holm's correction: p-values that stay honest when several questions are asked at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import DataError


def holm_correction(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values: sorted, p̃_(k) = max over j ≤ k of min(1, (m - j + 1)·p_(j)).

    Rejecting where p̃ ≤ α makes any false rejection at most α likely, however the tests depend.

    Args:
        p_values: float (n_tests,), in [0, 1].

    Returns:
        float64 (n_tests,), in the order that came.

    Raises:
        DataError: if a p-value is outside [0, 1] or not a number.

    References:
        Holm (1979), A Simple Sequentially Rejective Multiple Test Procedure.

    Example:
        >>> holm_correction([0.01, 0.04, 0.03]).round(4).tolist()
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise DataError(f"Expected p-values in [0, 1] of shape (n_tests,), got {np.asarray(p_values)!s}.")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)))
    return adjusted
