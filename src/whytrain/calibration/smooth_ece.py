"""Smooth calibration error: the expected calibration error without bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import dct

from whytrain.metrics.calibration import top_label

# Cells on [0, 1]: errors below 1/2048 = 5e-4 are not resolved.
_CELLS = 2048
_HALVINGS = 40  # of the interval that holds the bandwidth: down to 1e-12


def smooth_ece(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Smooth calibration error of the predicted class, the σ that solves smECE_σ = σ.

    smECE_σ = ∫ |mean_i (correct_i - confidence_i)·K_σ(t, confidence_i)| dt over [0, 1], K_σ a Gaussian kernel
    that is reflected at 0 and 1. It has no bins to choose, moves continuously with the confidences, and the
    bandwidth follows from the data. Reflecting makes K_σ a heat kernel, so each bandwidth costs one cosine
    transform: the k-th coefficient of the residuals shrinks by exp(-(σπk)²/2).

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.

    Returns:
        A value in [0, 1]; 0 only if confidence and accuracy agree everywhere.

    Raises:
        DataError: if probabilities or labels are not as described.

    References:
        Błasiok & Nakkiran (2024), Smooth ECE: Principled Reliability Diagrams via Kernel Smoothing.

    Example:
        >>> round(smooth_ece([[0.2, 0.8]], [0]), 6)  # one row, confident 0.8 and wrong
        0.8
    """
    confidence, correct = top_label(probabilities, labels)
    waves = _cosine_coefficients(confidence.astype(np.float64), correct)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        sigma = (low + high) / 2
        # smECE_σ falls as σ grows, so there is one crossing.
        low, high = (sigma, high) if _smoothed_error(waves, sigma) > sigma else (low, sigma)
    return _smoothed_error(waves, high)


def _cosine_coefficients(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return c_k = 2·Σ_j m_j·cos(πkj/M), k = 0..M, of the mean residuals m_j on the grid j/M."""
    position = confidence * _CELLS
    cell = np.minimum(position.astype(np.int64), _CELLS - 1)
    share = position - cell
    residual = (correct - confidence) / confidence.size
    # Each residual goes to its two neighbors on the grid in proportion.
    mass = np.bincount(cell, weights=residual * (1 - share), minlength=_CELLS + 1)
    mass += np.bincount(cell + 1, weights=residual * share, minlength=_CELLS + 1)
    mass[[0, -1]] *= 2  # the transform counts its ends once where it counts the others twice
    coefficients: NDArray[np.float64] = dct(mass, type=1)
    return coefficients


def _smoothed_error(waves: NDArray[np.float64], sigma: float) -> float:
    """Return smECE_σ by the trapezoidal rule."""
    decay = np.exp(-0.5 * (sigma * np.pi * np.arange(waves.size)) ** 2)
    density = np.abs(dct(waves * decay / 2, type=1))
    return float((density.sum() - (density[0] + density[-1]) / 2) / _CELLS)
