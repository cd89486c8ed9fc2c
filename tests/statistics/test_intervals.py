"""Intervals against closed forms, SciPy and their own claims."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from whytrain.errors import ConfigError, DataError
from whytrain.statistics import intervals
from whytrain.statistics.intervals import (
    Interval,
    binomial_quantile,
    bootstrap_distribution,
    bootstrap_interval,
    clustered_share,
    exact_interval,
    mean_change,
    share_of_unseen,
    t_interval,
    wilson_interval,
)


def row_mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows.mean(axis=1)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 30), (30, 30), (1, 20), (715, 872)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_wilson_equals_scipy(k: int, n: int, level: float) -> None:
    oracle = stats.binomtest(k, n).proportion_ci(level, method="wilson")
    interval = wilson_interval(k, n, level)
    # Same closed form in another order of operations: only rounding differs.
    assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high), abs=1e-14)
    assert interval.estimate == k / n
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 30), (6, 14), (715, 872)])
@pytest.mark.parametrize("level", [0.9, 0.99])
def test_exact_intervals_equal_scipy(k: int, n: int, level: float) -> None:
    oracle = stats.binomtest(k, n).proportion_ci(level, method="exact")
    interval = exact_interval(k, n, level)
    # SciPy finds the quantiles by root finding, to 1e-12.
    assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high), abs=1e-9)
    with pytest.raises(DataError, match="successes"):
        exact_interval(n + 1, n, level)


def test_what_none_of_n_has_is_what_would_be_missed_with_probability_5_percent() -> None:
    share = share_of_unseen(50)
    assert stats.binom.pmf(0, 50, share) == pytest.approx(0.05)
    # One-sided: the upper end of the exact interval with twice the tail.
    assert share == pytest.approx(exact_interval(0, 50, 0.9).high)


def test_no_change_is_no_proof_that_there_is_none() -> None:
    none, one = mean_change(np.zeros(50)), mean_change(np.eye(50)[0])
    assert (none.estimate, none.high) == (0, share_of_unseen(50))
    assert none.low == -none.high
    assert one == bootstrap_interval(row_mean, np.eye(50)[0])


def test_wilson_by_hand() -> None:
    # k = n = 1, z² = 3.8415: the lower end is n / (n + z²), the upper one exactly 1.
    interval = wilson_interval(1, 1)
    assert interval.low == pytest.approx(1 / (1 + 1.959964**2), abs=1e-6)  # z given to 6 decimals
    assert interval.high == 1.0


@pytest.mark.parametrize(("k", "n"), [(0, 0), (2, 1), (-1, 5)])
def test_wilson_rejects_impossible_counts(k: int, n: int) -> None:
    with pytest.raises(DataError, match=f"got {k} of {n}"):
        wilson_interval(k, n)


def test_a_share_of_clusters_covers_the_truth_where_rows_alone_do_not() -> None:
    rng, n_draws, truth = np.random.default_rng(0), 600, 0.3
    groups = np.repeat(np.arange(60), rng.integers(1, 12, size=60))
    covered = np.zeros(2)
    for _ in range(n_draws):
        # A group's own share is 0.3 on average, with a deviation of 0.26.
        hits = rng.random(len(groups)) < rng.beta(0.6, 1.4, size=60)[groups]
        naive = wilson_interval(int(hits.sum()), len(hits))
        for i, found in enumerate((clustered_share(hits, groups), naive)):
            covered[i] += found.low <= truth <= found.high
    clustered, naive_share = covered / n_draws
    # 95%, within four standard errors (0.9 points each) and a point for 60 groups being few.
    assert 0.90 <= clustered <= 0.99
    assert naive_share < 0.85


def test_a_share_of_clusters_at_its_limits() -> None:
    hits = np.array([True, False, False, True, False] * 20)
    alone, rows = clustered_share(hits, np.arange(100)), wilson_interval(40, 100)
    # G/(G - 1), and Student's t of 99 degrees of freedom instead of the normal distribution: 3% fewer rows.
    assert (alone.low, alone.high) == pytest.approx((rows.low, rows.high), abs=0.002)
    assert alone.low < rows.low
    for all_equal in (True, False):  # then the groups count, not the rows
        found = clustered_share([all_equal] * 30, np.repeat(np.arange(6), 5))
        other = wilson_interval(6 * all_equal, 6)
        assert (found.low, found.high) == (other.low, other.high)
    for hits in ([True] * 30 + [False] * 70, [True] * 50 + [False] * 50):  # one group is one row, never 100
        one = clustered_share(hits, np.zeros(100, dtype=int))
        assert one.high - one.low > 0.7
    alike = clustered_share([True, False, False] * 10, np.arange(30) // 3)  # so far groups do not differ
    assert 0.1 < alike.low < alike.high < 0.7  # of ten rows; of thirty it were 0.19 to 0.51
    with pytest.raises(DataError, match="at least one row"):
        clustered_share([], [])


@pytest.mark.parametrize("level", [0.0, 1.0, 95, float("nan")])
def test_levels_outside_0_and_1_are_rejected(level: float) -> None:
    for call in (lambda: wilson_interval(1, 2, level), lambda: t_interval([1.0, 2.0], level)):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            call()


def test_t_interval_equals_scipy() -> None:
    values = np.random.default_rng(0).normal(0.82, 0.01, size=5)
    low, high = stats.t.interval(0.9, 4, loc=values.mean(), scale=stats.sem(values))
    interval = t_interval(values, 0.9)
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-12)  # rounding only


def test_t_interval_of_equal_values_has_no_width() -> None:
    assert t_interval([0.5, 0.5, 0.5]).low == t_interval([0.5, 0.5, 0.5]).high == 0.5


@pytest.mark.parametrize("values", [[], [0.8], [[0.8, 0.9]], [0.8, float("nan")]])
def test_t_interval_needs_two_finite_values(values: ArrayLike) -> None:
    with pytest.raises(DataError, match="interval over seeds"):
        t_interval(values)


def test_bootstrap_agrees_with_scipy() -> None:
    rows = np.random.default_rng(1).exponential(size=300)
    ours = bootstrap_interval(row_mean, rows, n_resamples=8000, seed=0)
    theirs = stats.bootstrap(
        (rows,), np.mean, n_resamples=8000, method="percentile", rng=1
    ).confidence_interval
    # An end is a 2.5% quantile of 8000 draws: its Monte Carlo standard error is √(0.025·0.975/8000) / 0.058
    # standard errors of the mean = 0.03 of them; five of those, twice, for two independent runs.
    tolerance = 0.3 * rows.std() / np.sqrt(rows.size)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=tolerance)
    assert ours.estimate == pytest.approx(rows.mean())
    # The interval is as wide as normal theory says (n = 300, so within the same Monte Carlo error).
    assert ours.high - ours.low == pytest.approx(2 * 1.96 * rows.std() / np.sqrt(rows.size), abs=tolerance)


def test_bootstrap_draws_a_row_in_all_columns_at_once() -> None:
    first = np.random.default_rng(2).normal(size=50)
    columns = (first, 2 * first, np.stack([first, first], axis=1))

    def spread(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
        assert a.shape[1:] == (50,)
        assert c.shape[1:] == (50, 2)
        return np.abs(b - 2 * a).max(axis=1) + np.abs(c - a[..., None]).max(axis=(1, 2))

    assert bootstrap_distribution(spread, *columns, n_resamples=20).tolist() == [0.0] * 20


def test_bootstrap_does_not_depend_on_the_memory_it_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(3).normal(size=101)
    whole = bootstrap_distribution(row_mean, rows, n_resamples=50, seed=4)
    monkeypatch.setattr(intervals, "_CHUNK_ELEMENTS", 3 * 101)
    np.testing.assert_array_equal(bootstrap_distribution(row_mean, rows, n_resamples=50, seed=4), whole)
    assert (bootstrap_distribution(row_mean, rows, n_resamples=50, seed=5) != whole).any()


def test_bootstrap_covers_as_often_as_it_claims() -> None:
    generator = np.random.default_rng(6)
    hits = sum(
        bootstrap_interval(row_mean, generator.normal(size=100), n_resamples=500, seed=s).contains(0.0)
        for s in range(500)
    )
    # A percentile interval at n = 100 covers about 94%; 0.1% tails of a binomial around 93% and 96%.
    assert stats.binom.ppf(0.001, 500, 0.93) <= hits <= stats.binom.ppf(0.999, 500, 0.96)


@pytest.mark.parametrize("columns", [(), ([],), ([1.0, 2.0], [1.0]), (3.0,)])
def test_bootstrap_needs_matching_rows(columns: tuple[ArrayLike, ...]) -> None:
    with pytest.raises(DataError, match="columns of one length with rows"):
        bootstrap_interval(row_mean, *columns)


def test_one_row_tells_nothing_of_the_spread() -> None:
    assert bootstrap_interval(row_mean, [0.25]) == Interval(estimate=0.25, low=-np.inf, high=np.inf)
    with pytest.raises(DataError, match="at least 2"):
        bootstrap_distribution(row_mean, [0.25])


def test_bootstrap_needs_resamples() -> None:
    with pytest.raises(ConfigError, match="got 0"):
        bootstrap_distribution(row_mean, [1.0, 2.0], n_resamples=0)


def test_quantiles_of_a_binomial_are_scipys() -> None:
    generator = np.random.default_rng(0)
    n, p = generator.integers(1, 3000, 2000), generator.random(2000)
    p[:50], p[50:100], p[100:150] = 1.0, 0.0, 1 - 1e-9
    for share in (0.025, 0.5, 0.975):
        np.testing.assert_array_equal(binomial_quantile(share, n, p), stats.binom.ppf(share, n, p))
