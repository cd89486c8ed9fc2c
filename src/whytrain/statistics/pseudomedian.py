"""Where values with heavy tails lie: the pseudomedian, with the interval of Wilcoxon's test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from whytrain.errors import DataError
from whytrain.statistics.intervals import Interval, check_level

_FEWEST = 10  # of fewer the normal approximation is coarse


def pseudomedian_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of the median of all means of two values (Hodges-Lehmann), of symmetric or paired differences.

    Its ends are the shifts of the values that Wilcoxon's signed rank test just does not reject, by the normal
    approximation of its distribution. Memory and time grow with the square of their number.

    Args:
        values: float (n,), n at least 10.
        level: coverage, in (0, 1).

    Raises:
        DataError: for fewer than 10 values.
        ConfigError: if the level is outside (0, 1).

    References:
        Hollander, Wolfe and Chicken (2014), Nonparametric Statistical Methods, sections 3.2 and 3.3.
    """
    check_level(level)
    given = np.asarray(values, dtype=np.float64)
    n = len(given)
    if n < _FEWEST:
        raise DataError(f"expected at least {_FEWEST} values, got {n}")
    rows, columns = np.triu_indices(n)
    means = np.sort((given[rows] + given[columns]) / 2)
    spread = np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    rank = int(n * (n + 1) / 4 - special.ndtri((1 + level) / 2) * spread)
    low, high = means[max(rank - 1, 0)], means[-max(rank, 1)]
    return Interval(estimate=float(np.median(means)), low=float(low), high=float(high), level=level)
