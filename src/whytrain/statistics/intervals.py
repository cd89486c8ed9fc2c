"""Intervals: of a proportion (Wilson), of a mean over seeds (t), of any statistic of rows (bootstrap)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from whytrain.errors import ConfigError, DataError

Statistic = Callable[..., NDArray[np.float64]]

# Elements of one resampled column held at a time: 2 MiB, which stay in the cache.
_CHUNK_ELEMENTS = 262_144


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes:
        estimate: the value seen.
        low: lower end of the interval.
        high: upper end of the interval.
        level: coverage that the interval claims, in (0, 1).
    """

    estimate: float
    low: float
    high: float
    level: float = 0.95

    def contains(self, value: float) -> bool:
        """Return whether low ≤ value ≤ high."""
        return self.low <= value <= self.high


def check_level(level: float) -> None:
    """Raise ConfigError unless 0 < level < 1."""
    if not 0.0 < level < 1.0:
        raise ConfigError(f"A confidence level lies between 0 and 1 (0.95 is usual), got {level}.")


def wilson_interval(n_successes: int, n_trials: int, level: float = 0.95) -> Interval:
    """Wilson score interval of a proportion p = k / n.

    (p + z²/2n ± z·√(p(1 - p)/n + z²/4n²)) / (1 + z²/n), z the normal quantile of (1 + level) / 2.

    Args:
        n_successes: k, in 0..n_trials.
        n_trials: n, at least 1.
        level: coverage, in (0, 1).

    Returns:
        The proportion with an interval inside [0, 1].

    Raises:
        DataError: without trials, or with more successes than trials.
        ConfigError: if the level is outside (0, 1).

    References:
        Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference.

    Example:
        >>> interval = wilson_interval(82, 100)
        >>> round(interval.low, 4), round(interval.high, 4)
        (0.7333, 0.883)
    """
    return _wilson(_share(n_successes, n_trials, level), n_trials, level)


def _share(n_successes: int, n_trials: int, level: float) -> float:
    check_level(level)
    if not 0 <= n_successes <= n_trials or n_trials < 1:
        raise DataError(
            f"A proportion needs 0 <= successes <= trials and a trial, got {n_successes} of {n_trials}."
        )
    return n_successes / n_trials


def exact_interval(n_successes: int, n_trials: int, level: float = 0.95) -> Interval:
    """Exact interval of a proportion k / n (Clopper and Pearson): never narrower than it claims.

    The ends are the proportions under which k or fewer, and k or more, have probability (1 - level) / 2:
    quantiles of Beta(k, n - k + 1) and Beta(k + 1, n - k).

    Args:
        n_successes: k, in 0..n_trials.
        n_trials: n, at least 1.
        level: coverage, in (0, 1).

    Raises:
        DataError: without trials, or with more successes than trials.
        ConfigError: if the level is outside (0, 1).

    References:
        Clopper, Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
        binomial.

    Example:
        >>> interval = exact_interval(6, 14)
        >>> round(interval.low, 4), round(interval.high, 4)
        (0.1766, 0.7114)
    """
    share, tail = _share(n_successes, n_trials, level), (1 - level) / 2
    k, rest = n_successes, n_trials - n_successes
    low = 0.0 if k == 0 else float(special.betaincinv(k, rest + 1, tail))
    high = 1.0 if rest == 0 else float(special.betaincinv(k + 1, rest, 1 - tail))
    return Interval(estimate=share, low=low, high=high, level=level)


def share_of_unseen(n_trials: int, level: float = 0.95) -> float:
    """Largest share of what was seen in none of n trials: 1 - (1 - level)^(1/n), about 3 / n at 0.95.

    References:
        Hanley, Lippman-Hand (1983), If nothing goes wrong, is everything all right? ("rule of three").

    >>> round(share_of_unseen(100), 4)
    0.0295
    """
    check_level(level)
    return float(-np.expm1(np.log1p(-level) / n_trials))


def clustered_share(hits: ArrayLike, groups: ArrayLike, level: float = 0.95) -> Interval:
    """Wilson interval of a share of rows that come in groups and are alike within them.

    With r_g = Σ_{i in g} (x_i - p) and G groups the variance of p is v = G/(G - 1) · Σ r_g² / n²; the
    interval is that of p(1 - p)/v independent rows, n at most, times (z / t)², t the quantile of Student's t
    with G - 1 degrees of freedom in z's place. Where v tells nothing, because all rows are equal, or all
    groups, it is that of G rows. With few hits it covers less than it claims.

    Args:
        hits: bool (n,), which rows count.
        groups: int (n,), the group of each row, numbered from 0.
        level: coverage, in (0, 1).

    Raises:
        DataError: without rows.
        ConfigError: if the level is outside (0, 1).

    References:
        Kish (1965), Survey Sampling, chapter 5 (design effect); Korn, Graubard (1998), Confidence intervals
        for proportions with small expected number of positive counts estimated from survey data.

    Example:
        >>> alone = clustered_share([True, False] * 50, range(100))
        >>> pairs = clustered_share([True, True, False, False] * 25, [i // 2 for i in range(100)])
        >>> round(alone.low, 3), round(pairs.low, 3)
        (0.402, 0.362)
    """
    check_level(level)
    x, group = np.asarray(hits, dtype=np.float64), np.asarray(groups, dtype=np.int64)
    if not len(x):
        raise DataError("A share needs at least one row, got none.")
    n, share = len(x), float(x.mean())
    totals = np.bincount(group, weights=x - share)
    n_groups = int((np.bincount(group) > 0).sum())
    variance = n_groups / max(n_groups - 1, 1) * float(np.square(totals).sum()) / n**2
    if n_groups == 1 or variance <= 1e-12 * share * (1 - share):  # up to rounding
        return _wilson(share, n_groups, level)
    tail = (1 + level) / 2
    widening = float(special.ndtri(tail) / special.stdtrit(n_groups - 1, tail)) ** 2
    return _wilson(share, min(share * (1 - share) / variance, n) * widening, level)


def share_difference(hits_a: int, n_a: int, hits_b: int, n_b: int, level: float = 0.95) -> Interval:
    """Interval of the difference of two shares of independent rows, p_a - p_b (Newcombe's hybrid score).

    d - sqrt((p_a - l_a)² + (u_b - p_b)²) to d + sqrt((u_a - p_a)² + (p_b - l_b)²), l and u the ends of the
    Wilson intervals.

    Args:
        hits_a: in 0..n_a.
        n_a: at least 1.
        hits_b: in 0..n_b.
        n_b: at least 1.
        level: coverage, in (0, 1).

    Raises:
        DataError: without rows, or with more hits than rows.
        ConfigError: if the level is outside (0, 1).

    References:
        Newcombe (1998), Interval estimation for the difference between independent proportions, method 10.

    Example:
        >>> interval = share_difference(56, 70, 48, 80)  # from Newcombe's table II
        >>> round(interval.low, 4), round(interval.high, 4)
        (0.0524, 0.3339)
    """
    a, b = wilson_interval(hits_a, n_a, level), wilson_interval(hits_b, n_b, level)
    difference = a.estimate - b.estimate
    down = math.hypot(a.estimate - a.low, b.high - b.estimate)
    up = math.hypot(a.high - a.estimate, b.estimate - b.low)
    return Interval(estimate=difference, low=difference - down, high=difference + up, level=level)


def share_ratio(hits_a: int, n_a: int, hits_b: int, n_b: int, level: float = 0.95) -> Interval:
    """Interval of the ratio of two shares of independent rows, p_a / p_b, from their Wilson intervals.

    With r = p_a p_b the ends are (r - sqrt(r² - l_a u_b (2p_a - l_a)(2p_b - u_b))) / (u_b (2p_b - u_b)) and
    (r + sqrt(r² - u_a l_b (2p_a - u_a)(2p_b - l_b))) / (l_b (2p_b - l_b)): the counterpart of
    `share_difference`.

    Args:
        hits_a: in 0..n_a.
        n_a: at least 1.
        hits_b: in 0..n_b.
        n_b: at least 1.
        level: coverage, in (0, 1).

    Returns:
        The ratio; without hits in b up to ∞, and NaN if there are none in a either.

    Raises:
        DataError: without rows, or with more hits than rows.
        ConfigError: if the level is outside (0, 1).

    References:
        Donner, Zou (2012), Closed-form confidence intervals for functions of the normal mean and standard
        deviation; MOVER-R: Newcombe (2016), MOVER-R confidence intervals for ratios and products.

    Example:
        >>> interval = share_ratio(56, 70, 48, 80)
        >>> round(interval.estimate, 3), round(interval.low, 3), round(interval.high, 3)
        (1.333, 1.078, 1.663)
    """
    a, b = wilson_interval(hits_a, n_a, level), wilson_interval(hits_b, n_b, level)
    p, q, r = a.estimate, b.estimate, a.estimate * b.estimate

    def root(end_a: float, end_b: float) -> float:
        return math.sqrt(max(0.0, r * r - end_a * end_b * (2 * p - end_a) * (2 * q - end_b)))

    if q == 0:
        estimate, low, high = math.inf if p else math.nan, a.low / b.high, math.inf
    else:
        estimate = p / q
        low = a.low * (2 * p - a.low) / (r + root(a.low, b.high)) if p else 0.0
        high = (r + root(a.high, b.low)) / (b.low * (2 * q - b.low))
    return Interval(estimate=estimate, low=low, high=high, level=level)


def _wilson(proportion: float, n_trials: float, level: float) -> Interval:
    z = float(special.ndtri((1 + level) / 2))
    shrink = 1 + z * z / n_trials
    center = (proportion + z * z / (2 * n_trials)) / shrink
    spread = proportion * (1 - proportion) / n_trials + z * z / (4 * n_trials * n_trials)
    half = z * math.sqrt(spread) / shrink
    # At k = 0 and k = n an end is exactly 0 or 1; rounding must not push it across.
    low = 0.0 if proportion == 0 else center - half
    high = 1.0 if proportion == 1 else center + half
    return Interval(estimate=proportion, low=low, high=high, level=level)


def t_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Student's t interval of a mean over seeds: x̄ ± t·s/√n with n - 1 degrees of freedom.

    Args:
        values: float (n_seeds,), one value per seed, at least 2.
        level: coverage, in (0, 1).

    Returns:
        The mean with its interval.

    Raises:
        DataError: with fewer than 2 values, or one that is not finite.
        ConfigError: if the level is outside (0, 1).

    Example:
        >>> interval = t_interval([0.81, 0.83, 0.82])
        >>> round(interval.low, 4), round(interval.high, 4)
        (0.7952, 0.8448)
    """
    check_level(level)
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 1 or rows.size < 2:
        raise DataError(f"An interval over seeds needs at least 2 runs, got values of shape {rows.shape}.")
    if not np.isfinite(rows).all():
        raise DataError("An interval over seeds needs finite values: leave out runs that failed.")
    mean = float(rows.mean())
    half = (
        float(special.stdtrit(rows.size - 1, (1 + level) / 2))
        * float(rows.std(ddof=1))
        / math.sqrt(rows.size)
    )
    return Interval(estimate=mean, low=mean - half, high=mean + half, level=level)


def bootstrap_distribution(
    statistic: Statistic, *columns: ArrayLike, n_resamples: int = 2000, seed: int = 0
) -> NDArray[np.float64]:
    """Return the statistic of n_resamples resamples of the rows, drawn with replacement.

    Args:
        statistic: takes each column as (n_resamples, n, ...) and returns (n_resamples,).
        *columns: arrays (n, ...) that share their rows; a row is drawn in all of them at once.
        n_resamples: number of resamples.
        seed: of the resampling; the result does not depend on how many are held in memory at a time.

    Returns:
        float64 (n_resamples,).

    Raises:
        DataError: with fewer than 2 rows, or columns of different length.
        ConfigError: if n_resamples is not positive.
    """
    arrays = _columns(columns, fewest=2)
    if n_resamples < 1:
        raise ConfigError(f"A bootstrap needs at least 1 resample (2000 is usual), got {n_resamples}.")
    n_rows = len(arrays[0])
    chunk = max(1, _CHUNK_ELEMENTS // max(array.size for array in arrays))
    generator = np.random.default_rng(seed)
    values = np.empty(n_resamples)
    for start in range(0, n_resamples, chunk):
        rows = generator.integers(n_rows, size=(min(chunk, n_resamples - start), n_rows))
        values[start : start + len(rows)] = statistic(*(array[rows] for array in arrays))
    return values


def bootstrap_interval(
    statistic: Statistic,
    *columns: ArrayLike,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap interval of any statistic of rows.

    Not for statistics that are biased upward, such as the calibration error: the percentile interval of one
    never covers a true value of 0.

    Args:
        statistic: takes each column as (n_resamples, n, ...) and returns (n_resamples,).
        *columns: arrays (n, ...) that share their rows.
        level: coverage, in (0, 1).
        n_resamples: number of resamples.
        seed: of the resampling.

    Returns:
        The statistic of the rows themselves, and the quantiles (1 -/+ level) / 2 over the resamples; from -∞
        to ∞ for a single row, which tells nothing of how rows differ.

    Raises:
        DataError: without rows, or with columns of different length.
        ConfigError: if the level is outside (0, 1) or n_resamples is not positive.

    References:
        Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    Example:
        >>> correct = np.repeat([1.0, 0.0], [82, 18])
        >>> interval = bootstrap_interval(lambda rows: rows.mean(axis=1), correct, seed=0)
        >>> interval.estimate, 0.73 < interval.low < 0.76, 0.88 < interval.high < 0.91
        (0.82, True, True)
    """
    check_level(level)
    arrays = _columns(columns, fewest=1)
    estimate = float(statistic(*(array[None] for array in arrays))[0])
    if len(arrays[0]) == 1:
        return Interval(estimate=estimate, low=-math.inf, high=math.inf, level=level)
    values = bootstrap_distribution(statistic, *arrays, n_resamples=n_resamples, seed=seed)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate=estimate, low=float(low), high=float(high), level=level)


def binomial_quantile(share: float, n: NDArray[np.int64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smallest numbers of successes that are reached with at least a probability of `share`.

    As `scipy.stats.binom.ppf`, without the second that importing `scipy.stats` takes.

    Args:
        share: in (0, 1).
        n: trials, int64 (n_cases,).
        p: chance of a success, in [0, 1], (n_cases,).

    >>> binomial_quantile(0.5, np.array([10, 10, 10]), np.array([0.0, 0.3, 1.0])).tolist()
    [0.0, 3.0, 10.0]
    """
    # The inverse in k is continuous, and not defined for a success that is certain or impossible.
    above = np.ceil(special.bdtrik(share, n, np.clip(p, 1e-12, 1 - 1e-12)))
    below = np.maximum(above - 1, 0)
    found = np.where(special.bdtr(below, n, p) >= share, below, above)
    return np.where(p >= 1, n, np.where(p <= 0, 0.0, found))


def mean_change(changes: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of the mean of changes from -1 to 1, such as gained and lost right answers.

    The bootstrap's; where no row changed, which it would take for proof that none ever does, as far from 0 as
    the share of changes that were not seen may be (`share_of_unseen`).

    Args:
        changes: float (n,) in [-1, 1].
        level: coverage, in (0, 1).

    Raises:
        DataError: without rows.

    >>> round(mean_change(np.zeros(100)).high, 4)
    0.0295
    """
    rows = np.asarray(changes, dtype=np.float64)
    if rows.size >= 2 and not rows.any():
        most = share_of_unseen(rows.size, level)
        return Interval(estimate=0.0, low=-most, high=most, level=level)
    return bootstrap_interval(lambda draws: draws.mean(axis=1), rows, level=level)


def _columns(columns: tuple[ArrayLike, ...], fewest: int) -> list[NDArray[np.generic]]:
    arrays = [np.asarray(column) for column in columns]
    lengths = [len(array) if array.ndim else 0 for array in arrays]
    if not arrays or min(lengths) < fewest or len(set(lengths)) > 1:
        raise DataError(
            f"A bootstrap needs columns of one length with rows (at least {fewest}), got lengths {lengths}."
        )
    return arrays
