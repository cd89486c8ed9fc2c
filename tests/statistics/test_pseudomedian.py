"""The interval of the pseudomedian, against the test that it belongs to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from whytrain.errors import DataError
from whytrain.statistics.pseudomedian import pseudomedian_interval


def test_by_hand() -> None:
    """Of 1 to 10 the means of two lie symmetrically about 5.5; rank 27.5 - 1.96 * 9.81 = 8 of 55.

    The smallest means are 1, 1.5, 2, 2, 2.5, 2.5, 3, 3: the eighth is 3.
    """
    found = pseudomedian_interval(np.arange(1, 11))
    assert found.estimate == 5.5
    assert (found.low, found.high) == (3.0, 8.0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("level", [0.9, 0.98])
def test_its_ends_are_where_wilcoxon_begins_to_reject(seed: int, level: float) -> None:
    values = np.random.default_rng(seed).standard_t(2, 60) + 0.5
    found = pseudomedian_interval(values, level)

    def p_value(shift: float) -> float:
        return float(stats.wilcoxon(values - shift, method="approx").pvalue)

    step = 1e-6  # past the mean of two at which the statistic jumps
    # One of 1,830 ranks more or less moves the p-value by less than .002 here.
    for inside, outside in ((found.low + step, found.low - step), (found.high - step, found.high + step)):
        assert p_value(inside) >= 1 - level - 0.002
        assert p_value(outside) <= 1 - level + 0.002


def test_it_covers_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    covered = [
        (found := pseudomedian_interval(generator.laplace(3, 1, 40), 0.9)).low <= 3 <= found.high
        for _ in range(600)
    ]
    assert np.mean(covered) == pytest.approx(0.9, abs=0.04)  # 3.3 standard errors of 600 draws


def test_heavy_tails_do_not_hide_what_nearly_all_say() -> None:
    values = np.concatenate([np.linspace(0.5, 1.5, 60), [-500.0]])
    assert np.mean(values) < 0
    assert pseudomedian_interval(values).low > 0.8


def test_few_values_are_refused() -> None:
    with pytest.raises(DataError, match="at least 10 values, got 9"):
        pseudomedian_interval(np.arange(9))
