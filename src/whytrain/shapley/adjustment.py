"""Fit what is simple, estimate only the rest: ridge regression, and shrinkage of the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_PENALTIES = np.logspace(-5, 1, 13)  # candidates, relative to the mean squared singular value


def ridge(features: Array, targets: Array, weights: Array) -> Array:
    """Weighted ridge regression with the penalty of the least generalized cross-validation error.

    The intercept is not penalized.

    Args:
        features: float64 (m, k).
        targets: float64 (m,).
        weights: float64 (m,), importance of the rows.

    Returns:
        float64 (1 + k,), intercept and coefficients.

    References:
        Golub, Heath, Wahba (1979), Generalized cross-validation as a method for choosing a good ridge
        parameter.
    """
    root = np.sqrt(weights)
    feature_means, target_mean = (
        np.average(features, axis=0, weights=weights),
        np.average(targets, weights=weights),
    )
    y = (targets - target_mean) * root
    left, singular, right = np.linalg.svd((features - feature_means) * root[:, None], full_matrices=False)
    squares, projected = singular**2, left.T @ y
    outside = float(y @ y - projected @ projected)
    penalties = _PENALTIES * squares.mean()
    kept = squares / (squares + penalties[:, None])  # (n_penalties, rank)
    residual = outside + (((1 - kept) * projected) ** 2).sum(axis=1)
    best = int(np.argmin(residual / (len(y) - 1 - kept.sum(axis=1)) ** 2))
    coefficients = right.T @ (singular / (squares + penalties[best]) * projected)
    return np.append(target_mean - feature_means @ coefficients, coefficients)


def shrunken(corrections: Array, variances: Array) -> tuple[Array, Array]:
    """Shrink noisy corrections towards 0 as far as their own size warrants (empirical Bayes).

    With corrections drawn from N(0, A) and measured with variance σ²: mean c·A/(A + σ²), variance
    σ²·A/(A + σ²); A = mean(c² − σ²), raised by its standard error so that luck does not claim certainty.

    Args:
        corrections: float64 (k,), c.
        variances: float64 (k,), σ².

    Returns:
        Shrunken corrections (k,) and their variances (k,).

    References:
        Efron, Morris (1975), Data analysis using Stein's estimator and its generalizations.
    """
    noise = float(variances.mean())
    if noise == 0:
        return corrections, variances
    spread = max(float((corrections**2).mean()) - noise, 0.0) + noise * np.sqrt(2 / len(corrections))
    kept = spread / (spread + variances)
    return corrections * kept, variances * kept
