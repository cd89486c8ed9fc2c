"""Holm's correction: p-values that stay honest when several questions are asked at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import DataError


def holm_correction(p_values: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """Adjusted p-values: sorted, p̃_(k) = max over j ≤ k of min(1, (m - j + 1)·p_(j)).

    With weights they are sorted by p/w, and p̃_(k) = max over j ≤ k of
    min(1, (w_(j) + … + w_(m))·p_(j)/w_(j)).
    Rejecting where p̃ ≤ α makes any false rejection at most α likely, however the tests depend.

    Args:
        p_values: float (n_tests,), in [0, 1].
        weights: float (n_tests,), > 0, chosen without a look at what is tested; None: all alike.

    Returns:
        float64 (n_tests,), in the order that came.

    Raises:
        DataError: if a p-value is outside [0, 1] or not a number, or a weight is missing or not above 0.

    References:
        Holm (1979), A Simple Sequentially Rejective Multiple Test Procedure, which has the weights, too.

    Example:
        >>> holm_correction([0.01, 0.04, 0.03]).round(4).tolist()
        [0.03, 0.06, 0.06]
        >>> holm_correction([0.01, 0.04, 0.03], weights=[1, 1, 8]).round(4).tolist()
        [0.0375, 0.04, 0.0375]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise DataError(f"Expected p-values in [0, 1] of shape (n_tests,), got {np.asarray(p_values)!s}.")
    w = np.ones_like(p) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != p.shape or not (w > 0).all():
        raise DataError(f"Expected a weight above 0 of each of {p.size} p-values, got {w!s}.")
    order = np.argsort(p / w, kind="stable")
    left = w[order][::-1].cumsum()[::-1]  # of those that are not rejected yet
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate((p / w)[order] * left))
    return adjusted
