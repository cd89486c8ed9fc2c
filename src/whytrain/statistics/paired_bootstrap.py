"""Paired bootstrap: the difference between two runs on the same sentences, over sentences and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import ConfigError, DataError
from whytrain.metrics import ACCURACY, COMPARED, Metric, Scored
from whytrain.metrics.checks import check_label_sets, check_scored
from whytrain.statistics.crossed_bootstrap import crossed_bootstrap
from whytrain.statistics.intervals import Interval, check_level, share_of_unseen
from whytrain.statistics.resampled_metrics import RowTerms, resampled_differences, resampled_values
from whytrain.statistics.seed_spread import note_on_seeds


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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

    See `crossed_bootstrap` for what a replicate is.
    Resamples on which a metric is not defined (the AUROC where one class was not drawn) count for the others.
    Where no sentence differs the interval of the accuracy says how many unseen ones may
    (`whytrain.statistics.intervals.share_of_unseen`); those of other metrics are 0 throughout.

    Args:
        probabilities_a: floating (n_rows, n_classes), or (n_seeds, n_rows, n_classes) for several seeds.
        probabilities_b: the same for B, rows in the same order.
        labels: integers (n_rows,), or label sets (n_rows, n_labels), for metrics of these.
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

    Example:
        >>> generator = np.random.default_rng(0)
        >>> probabilities = generator.dirichlet([1.0, 1.0], size=50)
        >>> result = paired_bootstrap(probabilities, probabilities, generator.integers(2, size=50))
        >>> round(result.differences[0].difference.low, 4), result.differences[0].p_value
        (-0.0582, 1.0)
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
            MetricDifference(
                metric=metric,
                value_a=float(value_a),
                value_b=float(value_b),
                **measured.get(metric, _undefined(level))._asdict(),
            )
            for metric, value_a, value_b in zip(metrics, *values, strict=True)
        ),
        n_sentences=a.seeds[0].n_rows,
        n_seeds_a=n_seeds[0],
        n_seeds_b=n_seeds[1],
        note=note_on_seeds(min(n_seeds), level),
    )


class _Measured(NamedTuple):
    """What a MetricDifference says of the difference, under its names."""

    difference: Interval
    p_value: float
    sentence_error: float
    seed_error: float
    interaction_error: float


def _undefined(level: float) -> _Measured:
    return _Measured(
        Interval(estimate=np.nan, low=np.nan, high=np.nan, level=level), 1.0, np.nan, np.nan, np.nan
    )


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
    a, b = (
        RowTerms.of(metrics, [Scored(probabilities=seed, labels=classes, positive=positive) for seed in run])
        for run in runs
    )
    return a, b


def _with_seeds(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.floating]:
    array = np.asarray(probabilities)
    seeds = array[None] if array.ndim == 2 else array
    if seeds.ndim != 3 or len(seeds) < 1:
        raise DataError(
            f"Expected probabilities (n_rows, n_classes) or (n_seeds, n_rows, n_classes), got {array.shape}."
        )
    check = check_scored if np.ndim(labels) == 1 else check_label_sets
    return np.stack([check(one, labels)[0] for one in seeds])


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

    found = crossed_bootstrap(sides, n_rows, n_resamples=n_resamples, seed=seed)
    return {
        metric: _Measured(
            _interval(metric, found.interval(k, level), n_rows),
            found.p_value(k),
            float(found.sentence_error[k]),
            float(found.seed_error[k]),
            float(found.interaction_error[k]),
        )
        for k, metric in enumerate(a.metrics)
    }


def _interval(metric: Metric, resampled: Interval, n_rows: int) -> Interval:
    if metric.name == ACCURACY.name and resampled.estimate == resampled.low == resampled.high == 0:
        most = share_of_unseen(n_rows, resampled.level)
        return replace(resampled, low=-most, high=most)
    return resampled
