"""The smooth calibration error against quadrature of its definition and hand cases."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from whytrain.calibration.smooth_ece import smooth_ece
from whytrain.metrics.calibration import expected_calibration_error


def binary(p: ArrayLike) -> NDArray[np.float64]:
    return np.stack([1 - np.asarray(p), np.asarray(p)], axis=-1)


def error_by_quadrature(confidence: NDArray[np.float64], correct: NDArray[np.bool_], sigma: float) -> float:
    """∫ |mean (y - f)·K_σ(t, f)| dt with the kernel as a sum of mirror images."""
    t = np.linspace(0, 1, 4001)
    density = np.zeros_like(t)
    for f, y in zip(confidence, correct, strict=True):
        for center in (2 * k + sign * f for k in range(-4, 5) for sign in (1, -1)):
            density += (y - f) * stats.norm.pdf(t, center, sigma)
    return np.trapezoid(np.abs(density), t) / len(confidence)


@pytest.mark.parametrize("seed", range(4))
def test_solves_its_own_definition(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n = [1, 5, 20, 40][seed]
    confidence = generator.uniform(0.5, 1, size=n)
    correct = generator.random(n) < confidence**2
    error = smooth_ece(binary(confidence), correct.astype(int))
    # The bandwidth is the error itself. Splitting rows onto 2048 cells widens the kernel by up to
    # (1/2048)²/4 in σ², 1e-4 of an error near 0.05.
    assert error_by_quadrature(confidence, correct, error) == pytest.approx(error, rel=1e-3)


def test_one_row_is_its_gap() -> None:
    assert smooth_ece(binary([0.8]), [1]) == pytest.approx(0.2, abs=1e-9)  # the mass does not move with σ
    assert smooth_ece(binary([1.0]), [0]) == pytest.approx(1.0, abs=1e-9)
    assert smooth_ece(binary([0.5]), [1]) == pytest.approx(0.5, abs=1e-9)


def test_perfect_and_hopeless() -> None:
    assert smooth_ece(binary(np.ones(10)), np.ones(10, dtype=int)) == 0.0
    assert smooth_ece(binary(np.ones(10)), np.zeros(10, dtype=int)) == pytest.approx(1.0)


def test_a_constant_gap_is_found_at_any_place() -> None:
    generator = np.random.default_rng(0)
    confidence = generator.uniform(0.7, 1, size=20_000)
    labels = (generator.random(20_000) < confidence - 0.2).astype(int)
    # 0.2 with a standard error of √(0.25/20000) = 0.0035; four of them.
    assert smooth_ece(binary(confidence), labels) == pytest.approx(0.2, abs=0.015)


def test_it_moves_continuously_where_bins_jump() -> None:
    edge, step = 2 / 3, 1e-9
    labels = [1, 0]
    below, above = (binary([edge - 0.01, edge + shift]) for shift in (-step, step))
    jump = expected_calibration_error(below, labels) - expected_calibration_error(above, labels)
    assert abs(jump) > 0.1
    assert smooth_ece(below, labels) == pytest.approx(smooth_ece(above, labels), abs=1e-6)


def test_calibrated_predictions_approach_0() -> None:
    generator = np.random.default_rng(1)
    errors = []
    for n in (100, 1000, 10_000):
        confidence = generator.uniform(0.5, 1, size=n)
        errors.append(smooth_ece(binary(confidence), (generator.random(n) < confidence).astype(int)))
    assert errors[2] < errors[0]
    assert errors[2] < 0.02
