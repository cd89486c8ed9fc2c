"""Holm's correction against hand values, statsmodels and its guarantee."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import stats

from whytrain.errors import DataError
from whytrain.statistics.holm import holm_correction


def test_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.04, 0.5 times 4, 3, 2, 1 = 0.04, 0.06, 0.08, 0.5.
    np.testing.assert_allclose(holm_correction([0.04, 0.01, 0.5, 0.02]), [0.08, 0.04, 0.5, 0.06])
    assert holm_correction([0.7]).tolist() == [0.7]
    assert holm_correction([]).tolist() == []


@pytest.mark.parametrize("n_tests", [1, 2, 7, 40])
def test_equals_statsmodels(n_tests: int) -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    # Rounded to two digits so that ties occur, squared so that some stay significant.
    p_values = np.random.default_rng(n_tests).random(n_tests).round(2) ** 2
    expected = multitest.multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(holm_correction(p_values), expected, rtol=1e-12)  # rounding only


def test_family_wise_error_is_not_above_nominal() -> None:
    p_values = np.random.default_rng(0).random((1000, 5))
    errors = sum(holm_correction(row).min() <= 0.05 for row in p_values)
    # For independent tests it is 1 - (1 - 0.01)^5 = 4.9%: 99.9% range of a binomial.
    assert stats.binom.ppf(0.001, 1000, 0.049) <= errors <= stats.binom.ppf(0.999, 1000, 0.049)


@pytest.mark.parametrize("p_values", [[0.1, 1.2], [-0.1], [float("nan")], [[0.1, 0.2]]])
def test_rejects_what_is_no_p_value(p_values: ArrayLike) -> None:
    with pytest.raises(DataError, match=r"p-values in \[0, 1\]"):
        holm_correction(p_values)
