"""Effect sizes against closed forms and statsmodels."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from whytrain.errors import DataError
from whytrain.statistics.effect_sizes import cohens_h, discordant_odds_ratio, standardized_difference


@pytest.mark.parametrize(("a", "b"), [(40, 60), (1, 0), (0, 5), (3, 3)])
def test_odds_ratio_equals_the_exact_interval_of_the_share(a: int, b: int) -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    low, high = proportion.proportion_confint(b, a + b, alpha=0.1, method="beta")
    ratio = discordant_odds_ratio(a, b, level=0.9)
    assert ratio.estimate == (b / a if a else math.inf)
    assert ratio.low == pytest.approx(low / (1 - low), rel=1e-9)  # the same beta quantiles
    assert ratio.high == (pytest.approx(high / (1 - high), rel=1e-9) if high < 1 else math.inf)


def test_odds_ratio_without_discordant_pairs_says_nothing() -> None:
    ratio = discordant_odds_ratio(0, 0)
    assert (ratio.estimate, ratio.low, ratio.high) == (1.0, 0.0, math.inf)


def test_odds_ratio_turns_over_with_the_runs() -> None:
    one, other = discordant_odds_ratio(12, 30), discordant_odds_ratio(30, 12)
    assert (1 / other.high, 1 / other.low) == pytest.approx((one.low, one.high), rel=1e-9)  # rounding only


def test_cohens_h() -> None:
    assert cohens_h(0.8, 0.8) == 0.0
    assert cohens_h(0.0, 1.0) == pytest.approx(math.pi)
    assert cohens_h(0.9, 0.7) == -cohens_h(0.7, 0.9)
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    assert cohens_h(0.81, 0.84) == pytest.approx(proportion.proportion_effectsize(0.84, 0.81), rel=1e-12)


def test_standardized_difference() -> None:
    assert standardized_difference([0.0, 0.0, 0.0], [1.0, 2.0, 3.0]) == 2.0  # mean 2, sd 1
    assert standardized_difference([0.3, 0.4], [0.3, 0.4]) == 0.0
    assert standardized_difference([1.0, 2.0], [0.5, 1.5]) == -math.inf
    a, b = np.random.default_rng(0).normal(size=(2, 40))
    assert standardized_difference(a, b) == pytest.approx(-standardized_difference(b, a))


@pytest.mark.parametrize(
    "call",
    [
        lambda: discordant_odds_ratio(-1, 2),
        lambda: cohens_h(0.5, 1.1),
        lambda: standardized_difference([1.0], [2.0]),
        lambda: standardized_difference([1.0, 2.0], [2.0]),
    ],
)
def test_impossible_input(call: Callable[[], object]) -> None:
    with pytest.raises(DataError, match="got"):
        call()
