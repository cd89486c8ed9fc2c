"""Weighted least squares over sampled coalitions, and how far its coefficients are off by the sampling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Fit(NamedTuple):
    """Coefficients of a linear model.

    Attributes:
        coefficients: float64 (n_features,); of many solutions the one of the least norm.
        standard_errors: float64 (n_features,), by how much other samples would move them.
    """

    coefficients: Array
    standard_errors: Array


def weighted_least_squares(features: Array, values: Array, weights: Array, group: NDArray[np.int64]) -> Fit:
    r"""Minimize Σ_j w_j (y_j − x_j β)², and estimate the variance by the sandwich of clustered samples.

    With A = Xᵀ W X and u_g = Σ_{j in g} w_j x_j e_j: Var β = A⁺ (Σ_g u_g u_gᵀ) A⁺ · G / (G − rank X). Nothing
    is assumed of the errors e: the model is not linear, and no more is noisy than the choice of samples.

    Args:
        features: float64 (n_samples, n_features).
        values: float64 (n_samples,).
        weights: float64 (n_samples,), > 0.
        group: int64 (n_samples,), from 0: samples of one group were drawn together.

    References:
        White (1980), A heteroskedasticity-consistent covariance matrix estimator; Liang, Zeger (1986).
    """
    root = np.sqrt(weights)[:, None]
    coefficients, _, rank, _ = np.linalg.lstsq(features * root, values * root[:, 0], rcond=None)
    inverse = np.linalg.pinv((features * root).T @ (features * root), hermitian=True)
    errors = values - features @ coefficients
    n_groups = int(group.max()) + 1
    pushes = np.zeros((n_groups, features.shape[1]))
    np.add.at(pushes, group, features * (weights * errors)[:, None])
    spread = pushes @ inverse
    variance = (spread**2).sum(axis=0) * n_groups / max(n_groups - int(rank), 1)
    return Fit(coefficients=coefficients.astype(np.float64), standard_errors=np.sqrt(variance))
