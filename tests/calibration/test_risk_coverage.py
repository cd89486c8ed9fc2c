"""The risk-coverage curve by hand, with ties and in its limits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from whytrain.calibration.risk_coverage import area_under_risk_coverage, risk_coverage


def binary(p: ArrayLike) -> NDArray[np.float64]:
    return np.stack([1 - np.asarray(p), np.asarray(p)], axis=-1)


def test_by_hand() -> None:
    # Surest first: right, wrong, right, wrong.
    curve = risk_coverage(binary([0.6, 0.9, 0.8, 0.7]), [0, 1, 0, 1])
    np.testing.assert_allclose(curve.coverage, [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(curve.risk, [0, 1 / 2, 1 / 3, 2 / 4])
    np.testing.assert_allclose(curve.confidence, [0.9, 0.8, 0.7, 0.6])


def test_ties_count_the_mean_over_their_orders() -> None:
    p = np.array([0.9, 0.8, 0.8, 0.8, 0.7])
    wrong = np.array([0, 1, 0, 0, 1])
    areas = []
    for order in itertools.permutations([1, 2, 3]):
        ranked = wrong[[0, *order, 4]]
        areas.append(np.mean(np.cumsum(ranked) / np.arange(1, 6)))
    assert area_under_risk_coverage(binary(p), 1 - wrong) == pytest.approx(np.mean(areas))


def test_limits() -> None:
    generator = np.random.default_rng(0)
    p = generator.uniform(0.5, 1, size=200)
    assert area_under_risk_coverage(binary(p), np.ones(200, dtype=int)) == 0.0
    assert area_under_risk_coverage(binary(p), np.zeros(200, dtype=int)) == 1.0
    constant = binary(np.full(200, 0.8))
    labels = (np.arange(200) % 5 > 0).astype(int)
    assert area_under_risk_coverage(constant, labels) == pytest.approx(0.2)  # the error rate everywhere


def test_confidence_that_knows_beats_confidence_that_does_not() -> None:
    p = np.linspace(0.51, 0.99, 100)
    wrong_where_unsure = (np.arange(100) >= 20).astype(int)
    wrong_where_sure = (np.arange(100) < 80).astype(int)
    best, worst = (area_under_risk_coverage(binary(p), y) for y in (wrong_where_unsure, wrong_where_sure))
    k = np.arange(1, 101)
    assert best == pytest.approx(np.mean(np.maximum(0, k - 80) / k))
    assert worst == pytest.approx(np.mean(np.minimum(k, 20) / k))
