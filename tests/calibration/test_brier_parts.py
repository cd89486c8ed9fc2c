"""The Brier score's parts: hand case, exact identity, known limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whytrain.calibration.brier_parts import brier_parts
from whytrain.metrics.calibration import brier_score


def test_by_hand() -> None:
    # Forecasts 0.25 (8 rows, 3 of class 1) and 0.75 (8 rows, 6 of class 1): Murphy's terms for class 1.
    p = np.repeat([0.25, 0.75], 8)
    labels = np.array([1] * 3 + [0] * 5 + [1] * 6 + [0] * 2)
    parts = brier_parts(np.stack([1 - p, p], axis=1), labels)
    base = 9 / 16
    reliability = ((0.25 - 3 / 8) ** 2 + (0.75 - 6 / 8) ** 2) / 2
    resolution = ((3 / 8 - base) ** 2 + (6 / 8 - base) ** 2) / 2
    # Two classes: both columns give the same, so everything counts twice.
    assert parts.reliability == pytest.approx(2 * reliability)
    assert parts.resolution == pytest.approx(2 * resolution)
    assert parts.uncertainty == pytest.approx(2 * base * (1 - base))


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 60), st.integers(2, 5), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_the_parts_add_up_however_the_bins_lie(n_rows: int, n_classes: int, n_bins: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(n_classes), size=n_rows)
    labels = generator.integers(n_classes, size=n_rows)
    parts = brier_parts(probabilities, labels, n_bins)
    # Rounding of sums of up to 300 terms.
    assert parts.reliability - parts.resolution + parts.uncertainty == pytest.approx(parts.score, abs=1e-12)
    assert parts.score == pytest.approx(brier_score(probabilities, labels), abs=1e-12)
    assert parts.reliability >= 0
    assert 0 <= parts.uncertainty <= 1 - 1 / n_classes + 1e-12


def test_the_base_rate_forecast_has_neither_reliability_nor_resolution() -> None:
    labels = np.array([0, 0, 1, 2])
    parts = brier_parts(np.tile([0.5, 0.25, 0.25], (4, 1)), labels)
    assert parts.reliability == pytest.approx(0, abs=1e-15)
    assert parts.resolution == pytest.approx(0, abs=1e-15)
    assert parts.score == pytest.approx(parts.uncertainty)


def test_a_perfect_forecast_resolves_all_uncertainty() -> None:
    parts = brier_parts(np.eye(3)[[0, 1, 2, 2]], [0, 1, 2, 2])
    assert parts.reliability == parts.score == 0.0
    assert parts.resolution == pytest.approx(parts.uncertainty)
