"""McNemar's test against other libraries, its size and its power."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from whytrain.errors import DataError
from whytrain.statistics.mcnemar import mcnemar, mcnemar_p_value
from whytrain.statistics.power import power_of_difference


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 1), (5, 0), (3, 3), (7, 15), (40, 60), (400, 330)])
def test_equals_the_binomial_test(a: int, b: int) -> None:
    expected = stats.binomtest(a, a + b).pvalue if a + b else 1.0
    # rel 1e-10: SciPy sums the two tails, we double one.
    assert float(mcnemar_p_value(a, b)) == pytest.approx(expected, rel=1e-10)
    contingency_tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    theirs = contingency_tables.mcnemar([[10, a], [b, 10]], exact=True).pvalue if a + b else 1.0
    assert float(mcnemar_p_value(a, b)) == pytest.approx(theirs, rel=1e-10)


def test_counts_and_shapes() -> None:
    result = mcnemar([1, 1, 0, 0, 1], [1, 0, 1, 0, 0])
    assert (result.only_a, result.only_b, result.n_rows) == (2, 1, 5)
    assert result.p_value == 1.0  # P(X <= 1) = 0.5 for 3 tosses, doubled
    np.testing.assert_allclose(mcnemar_p_value([[5], [6]], [0, 1]), [[2 / 32, 14 / 64], [2 / 64, 16 / 128]])


def test_the_same_predictions_give_1() -> None:
    correct = np.random.default_rng(0).random(100) < 0.8
    result = mcnemar(correct, correct)
    assert (result.only_a, result.only_b, result.p_value) == (0, 0, 1.0)


@pytest.mark.parametrize(("a", "b"), [([True], [False]), ([], []), ([1, 0], [1, 0, 1]), ([[1, 0]], [[0, 1]])])
def test_needs_two_paired_sentences(a: ArrayLike, b: ArrayLike) -> None:
    with pytest.raises(DataError, match="same 2 or more sentences"):
        mcnemar(a, b)


def discordant(rate_a: float, rate_b: float, n_rows: int, n_pairs: int) -> NDArray[np.int64]:
    shares = [rate_a, rate_b, 1 - rate_a - rate_b]
    return np.random.default_rng(0).multinomial(n_rows, shares, size=n_pairs).T[:2]


def test_type_1_error_is_not_above_nominal() -> None:
    only_a, only_b = discordant(0.06, 0.06, 872, 1000)
    rejections = int((mcnemar_p_value(only_a, only_b) <= 0.05).sum())
    # Exact means at most 5%, discreteness makes it about 4%: the 99.9% range of a binomial at 5% from above,
    # and from below enough that a test that never rejects fails.
    assert 15 <= rejections <= stats.binom.ppf(0.999, 1000, 0.05)


def test_power_is_as_expected() -> None:
    rate_a, rate_b, n_rows = 0.04, 0.07, 872
    only_a, only_b = discordant(rate_a, rate_b, n_rows, 4000)
    seen = float((mcnemar_p_value(only_a, only_b) <= 0.05).mean())
    deviation = np.sqrt((rate_a + rate_b - (rate_b - rate_a) ** 2) / n_rows)
    expected = power_of_difference(rate_b - rate_a, deviation)  # 0.76 by normal theory
    # Conservative by discreteness (up to 4 points here) and never better by more than 4 standard errors.
    assert expected - 0.06 <= seen <= expected + 4 * np.sqrt(0.25 / 4000)
