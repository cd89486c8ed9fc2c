"""Effect sizes: how large a difference is, apart from how sure one can be of it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from whytrain.errors import DataError
from whytrain.statistics.intervals import Interval, check_level


def discordant_odds_ratio(only_a: int, only_b: int, level: float = 0.95) -> Interval:
    """Odds that B and not A is right where only one of them is: b / a, with its exact interval.

    The interval is Clopper and Pearson's for b / (a + b), turned into odds: above 1 B is better.

    Args:
        only_a: a, sentences that A alone has right.
        only_b: b, sentences that B alone has right.
        level: coverage, in (0, 1).

    Returns:
        The ratio, infinite if a = 0 and 1 with the interval (0, ∞) if a = b = 0.

    Raises:
        DataError: if a count is negative.
        ConfigError: if the level is outside (0, 1).

    References:
        Clopper & Pearson (1934), The Use of Confidence or Fiducial Limits Illustrated in the Case of the
        Binomial.

    Example:
        >>> ratio = discordant_odds_ratio(40, 60)
        >>> ratio.estimate, round(ratio.low, 3), round(ratio.high, 3)
        (1.5, 0.989, 2.297)
    """
    check_level(level)
    if min(only_a, only_b) < 0:
        raise DataError(f"Counts of discordant pairs cannot be negative, got {only_a} and {only_b}.")
    if only_a == only_b == 0:
        return Interval(estimate=1.0, low=0.0, high=math.inf, level=level)
    tail = (1 - level) / 2
    low = float(special.betaincinv(only_b, only_a + 1, tail)) if only_b else 0.0
    high = float(special.betaincinv(only_b + 1, only_a, 1 - tail)) if only_a else 1.0
    return Interval(
        estimate=only_b / only_a if only_a else math.inf,
        low=low / (1 - low),
        high=high / (1 - high) if high < 1 else math.inf,
        level=level,
    )


def cohens_h(proportion_a: float, proportion_b: float) -> float:
    """Cohen's h of two accuracies, 2·arcsin√b - 2·arcsin√a: 0.2 is called small, 0.5 medium, 0.8 large.

    Unlike the plain difference it weighs a point near 0 or 1 more than one near ½.

    Args:
        proportion_a: a, in [0, 1].
        proportion_b: b, in [0, 1].

    Returns:
        A value in [-π, π], positive if b is larger.

    Raises:
        DataError: if a proportion is outside [0, 1].

    References:
        Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, section 6.2.

    Example:
        >>> round(cohens_h(0.5, 1.0), 4)
        1.5708
    """
    if not (0 <= proportion_a <= 1 and 0 <= proportion_b <= 1):
        raise DataError(f"Expected proportions in [0, 1], got {proportion_a} and {proportion_b}.")
    return 2 * math.asin(math.sqrt(proportion_b)) - 2 * math.asin(math.sqrt(proportion_a))


def standardized_difference(values_a: ArrayLike, values_b: ArrayLike) -> float:
    """Cohen's d of paired values, mean(b - a) / sd(b - a): the difference in units of its own spread.

    Args:
        values_a: float (n,), one value per sentence (its NLL, say) or per seed.
        values_b: float (n,), the same sentences or seeds.

    Returns:
        The effect size; 0 if all differences are 0, infinite if they are all the same other number.

    Raises:
        DataError: with fewer than 2 pairs or different lengths.

    References:
        Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, section 2.3 (d_z).

    Example:
        >>> round(standardized_difference([0.1, 0.2, 0.3], [0.2, 0.2, 0.5]), 4)
        1.0
    """
    a, b = np.asarray(values_a, dtype=np.float64), np.asarray(values_b, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or a.size < 2:
        raise DataError(f"Expected at least 2 pairs of values, got shapes {a.shape} and {b.shape}.")
    difference = b - a
    mean, spread = float(difference.mean()), float(difference.std(ddof=1))
    if spread == 0:
        return 0.0 if mean == 0 else math.copysign(math.inf, mean)
    return mean / spread
