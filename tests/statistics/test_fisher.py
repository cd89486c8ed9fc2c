"""Fisher's exact test against SciPy, and the ratio of shares against its formula and its coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import fisher_exact

from whytrain.statistics.fisher import fisher_p_value
from whytrain.statistics.intervals import share_ratio


def test_against_scipy() -> None:
    for a in range(0, 13):
        for b in range(0, 31, 3):
            expected = fisher_exact([[a, 12 - a], [b, 30 - b]])[1]
            assert fisher_p_value(a, 12, b, 30) == pytest.approx(expected, rel=1e-9)


def test_many_rows() -> None:
    expected = fisher_exact([[20_000, 5_000], [30_500, 7_000]])[1]
    assert fisher_p_value(20_000, 25_000, 30_500, 37_500) == pytest.approx(
        expected, rel=1e-6
    )  # sums of 1e4 terms


def test_a_ratio_without_hits() -> None:
    none = share_ratio(0, 70, 48, 80)
    assert none.estimate == none.low == 0
    assert 0 < none.high < 0.2
    above = share_ratio(30, 70, 0, 80)
    assert above.estimate == above.high == math.inf
    assert above.low > 1
    assert math.isnan(share_ratio(0, 70, 0, 80).estimate)


def test_a_ratio_turned_round() -> None:
    """MOVER-R is the same for a / b and b / a."""
    one, other = share_ratio(56, 70, 48, 80), share_ratio(48, 80, 56, 70)
    assert one.low == pytest.approx(1 / other.high)
    assert one.high == pytest.approx(1 / other.low)


def test_coverage_of_the_ratio() -> None:
    """Of 2000 samples 95% within 2 points: 4 standard errors."""
    rng = np.random.default_rng(0)
    hits_a, hits_b = rng.binomial(40, 0.9, 2000), rng.binomial(60, 0.6, 2000)
    held = [
        share_ratio(a, 40, b, 60).contains(1.5) for a, b in zip(hits_a.tolist(), hits_b.tolist(), strict=True)
    ]
    assert abs(np.mean(held) - 0.95) < 0.02
