"""Paired bootstrap: the difference between two runs on the same sentences, over sentences and seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import ConfigError, DataError
from whytrain.metrics import COMPARED, Metric, Scored
from whytrain.metrics.checks import check_scored
from whytrain.statistics.intervals import Interval, check_level
from whytrain.statistics.resampled_metrics import RowTerms, resampled_differences, resampled_values
from whytrain.statistics.seed_spread import interaction_variance, note_on_seeds, seed_shifts, standard_error

# Resample counts held at a time: 2 MiB, which stay in the cache.
_CHUNK_ELEMENTS = 262_144


@dataclass(frozen=True)
class MetricDifference:
    """B minus A in one metric.

    A metric that is not defined on the sentences, or for one of the runs, has NaN for all numbers, and 1 for
    the p-value.

    Attributes:
        metric: which one.
        value_a: the metric of A, averaged over its seeds.
        value_b: the metric of B, averaged over its seeds.
        difference: B minus A with its interval.
        p_value: two-sided, of "no difference"; 1 for identical predictions.
        sentence_error: standard error of the difference that comes from the choice of sentences.
        seed_error: standard error that comes from the choice of seeds; NaN where a run has one seed.
        interaction_error: the part of both that comes from sentences which the seeds judge differently, so
            that more of either reduces it; NaN where a run has one seed.
    """

    metric: Metric
    value_a: float
    value_b: float
    difference: Interval
    p_value: float
    sentence_error: float
    seed_error: float
    interaction_error: float


@dataclass(frozen=True)
class PairedBootstrap:
    """The differences between two runs, all from the same resamples.

    Attributes:
        differences: one per metric, in the order in which they were asked for.
        n_sentences: number of sentences.
        n_seeds_a: number of seeds of A.
        n_seeds_b: number of seeds of B.
        note: one sentence on what too few seeds mean for the claim; empty where they are enough.
    """

    differences: tuple[MetricDifference, ...]
    n_sentences: int
    n_seeds_a: int
    n_seeds_b: int
    note: str


def paired_bootstrap(
    probabilities_a: ArrayLike,
    probabilities_b: ArrayLike,
    labels: ArrayLike,
    *,
    metrics: Sequence[Metric] = COMPARED,
    positive: int = 1,
    paired_seeds: bool = True,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> PairedBootstrap:
    """Bootstrap the differences in metrics over sentences × seeds.

    A replicate is m̄* + t*·s/√S: m̄* the difference on resampled sentences (each drawn in both runs and all
    seeds at once), averaged over the S seeds; s the standard deviation of the per-seed differences; t* from
    Student's t with S - 1 degrees of freedom. With one seed only the sentences are resampled. Seeds are not
    resampled themselves because that understates their variance by (S - 1) / S: where seeds dominate, a
    nominal 5% test then rejects equal recipes in about 40% of cases with 2 seeds and 15% with 5. What
    differs between seeds sentence by sentence enters both parts, so the interval errs on the wide side.
    Resamples on which a metric is not defined (the AUROC where one class was not drawn) count for the others.

    Args:
        probabilities_a: floating (n_rows, n_classes), or (n_seeds, n_rows, n_classes) for several seeds.
        probabilities_b: the same for B, rows in the same order.
        labels: integers (n_rows,).
        metrics: what differences are wanted in.
        positive: of two classes the one that F1 and rankings are about.
        paired_seeds: seed k of A belongs to seed k of B; False if the seeds of A and B are unrelated.
        level: coverage of the intervals, in (0, 1).
        n_resamples: number of replicates.
        seed: of the resampling.

    Returns:
        The differences B - A with percentile intervals and p-values.

    Raises:
        DataError: with fewer than 2 sentences, rows, classes or paired seeds that do not match, bad
            probabilities or labels.
        ConfigError: if the level is outside (0, 1) or n_resamples is not positive.

    References:
        Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; for crossed factors, Owen
        (2007), The Pigeonhole Bootstrap.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> probabilities = generator.dirichlet([1.0, 1.0], size=50)
        >>> result = paired_bootstrap(probabilities, probabilities, generator.integers(2, size=50))
        >>> result.differences[0].difference.low, result.differences[0].p_value
        (0.0, 1.0)
    """
    check_level(level)
    if n_resamples < 1:
        raise ConfigError(f"A bootstrap needs at least 1 resample (2000 is usual), got {n_resamples}.")
    a, b = _terms(probabilities_a, probabilities_b, labels, metrics, positive)
    n_seeds = len(a.seeds), len(b.seeds)
    if paired_seeds and n_seeds[0] != n_seeds[1]:
        raise DataError(
            f"Paired seeds need as many in A as in B, got {n_seeds[0]} and {n_seeds[1]}; leave out the seeds "
            "that only one has, or compare with paired_seeds=False."
        )
    everything = np.ones((1, a.seeds[0].n_rows))
    values = [resampled_values(everything, terms)[0].mean(axis=1) for terms in (a, b)]
    defined = [m for m, value in zip(metrics, np.add(*values), strict=True) if not np.isnan(value)]
    measured = _bootstrapped(
        a.restricted(defined),
        b.restricted(defined),
        as_pairs=paired_seeds or n_seeds == (1, 1),
        level=level,
        n_resamples=n_resamples,
        seed=seed,
    )
    return PairedBootstrap(
        differences=tuple(
            MetricDifference(metric, float(value_a), float(value_b), *measured.get(metric, _undefined(level)))
            for metric, value_a, value_b in zip(metrics, *values, strict=True)
        ),
        n_sentences=a.seeds[0].n_rows,
        n_seeds_a=n_seeds[0],
        n_seeds_b=n_seeds[1],
        note=note_on_seeds(min(n_seeds), level),
    )


class _Measured(NamedTuple):
    """What a MetricDifference says of the difference, in its order."""

    difference: Interval
    p_value: float
    sentence_error: float
    seed_error: float
    interaction_error: float


def _undefined(level: float) -> _Measured:
    return _Measured(Interval(np.nan, np.nan, np.nan, level), 1.0, np.nan, np.nan, np.nan)


def _terms(
    probabilities_a: ArrayLike,
    probabilities_b: ArrayLike,
    labels: ArrayLike,
    metrics: Sequence[Metric],
    positive: int,
) -> tuple[RowTerms, RowTerms]:
    runs = [_with_seeds(probabilities, labels) for probabilities in (probabilities_a, probabilities_b)]
    if runs[0].shape[1:] != runs[1].shape[1:]:
        raise DataError(
            f"Both runs must judge the same sentences into the same classes, got (n_rows, n_classes) "
            f"{runs[0].shape[1:]} and {runs[1].shape[1:]}; match the rows with align_rows."
        )
    if runs[0].shape[1] < 2:
        raise DataError(f"A paired comparison needs at least 2 sentences, got {runs[0].shape[1]}.")
    classes = np.asarray(labels, dtype=np.int64)
    a, b = (RowTerms.of(metrics, [Scored(seed, classes, positive) for seed in run]) for run in runs)
    return a, b


def _with_seeds(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.floating]:
    array = np.asarray(probabilities)
    seeds = array[None] if array.ndim == 2 else array
    if seeds.ndim != 3 or len(seeds) < 1:
        raise DataError(
            f"Expected probabilities (n_rows, n_classes) or (n_seeds, n_rows, n_classes), got {array.shape}."
        )
    return np.stack([check_scored(one, labels)[0] for one in seeds])


def _bootstrapped(
    a: RowTerms, b: RowTerms, *, as_pairs: bool, level: float, n_resamples: int, seed: int
) -> dict[Metric, _Measured]:
    """Measure the differences in the metrics of both, which are defined on all rows together."""
    if not a.metrics:
        return {}
    n_rows = a.seeds[0].n_rows

    def sides(counts: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Return what is averaged over seeds and then added up, (n_resamples, n_metrics, n_seeds) each."""
        if as_pairs:
            return [resampled_differences(counts, a, b)]
        return [resampled_values(counts, b), -resampled_values(counts, a)]

    observed = [side[0] for side in sides(np.ones((1, n_rows)))]
    chunks = [sides(counts) for counts in _counts(n_rows, n_resamples, seed)]
    resampled = [np.concatenate(side) for side in zip(*chunks, strict=True)]
    from_sentences = _total([side.mean(axis=2) for side in resampled])
    replicates = from_sentences + seed_shifts(observed, n_resamples, seed)
    estimate = _total([side.mean(axis=1) for side in observed])
    # Where a metric is not defined on a resample, its value there is NaN.
    std, quantile = (np.nanstd, np.nanquantile) if np.isnan(replicates).any() else (np.std, np.quantile)
    low, high = quantile(replicates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    # One more in numerator and denominator: no p-value of 0 from a finite number of resamples.
    tails = np.minimum((replicates <= 0).sum(axis=0), (replicates >= 0).sum(axis=0)) + 1
    p_values = np.minimum(1.0, 2 * tails / ((~np.isnan(replicates)).sum(axis=0) + 1))
    errors = (
        std(from_sentences, axis=0),
        np.sqrt(_total([np.square(standard_error(side)) for side in observed])),
        np.sqrt(_total([interaction_variance(side) for side in resampled])),
    )
    return {
        metric: _Measured(
            Interval(float(estimate[k]), float(low[k]), float(high[k]), level),
            float(p_values[k]),
            *(float(error[k]) for error in errors),
        )
        for k, metric in enumerate(a.metrics)
    }


def _counts(n_rows: int, n_resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each row is drawn in each resample, (chunk, n_rows)."""
    generator = np.random.default_rng(seed)
    chunk = max(1, _CHUNK_ELEMENTS // n_rows)
    for start in range(0, n_resamples, chunk):
        size = min(chunk, n_resamples - start)
        rows = generator.integers(n_rows, size=(size, n_rows))
        rows += np.arange(size)[:, None] * n_rows
        yield np.bincount(rows.ravel(), minlength=size * n_rows).reshape(size, n_rows).astype(np.float64)


def _total(sides: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.sum(sides, axis=0)
    return total
