"""Metrics of many resamples at once: what is a sum over rows costs one matrix product for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.metrics import Mean, Metric, OfCounts, OfSums, Scored, ValueOnly

Terms = Callable[[Scored], NDArray[np.float64]]

# Resample counts that a metric without sums is given at a time: 2 MiB, which stay in the cache.
_CHUNK_ELEMENTS = 262_144


@dataclass(frozen=True, eq=False, kw_only=True)
class RowTerms:
    """What each row of one recipe's seeds adds to some metrics.

    Attributes:
        metrics: those that resamples are wanted of.
        seeds: the rows as each seed scored them.
        means: float64 (n_rows, n_mean_metrics, n_seeds), the terms of metrics that are means.
        sums: by function of the terms, float64 (n_rows, n_seeds, *shape).
    """

    metrics: tuple[Metric, ...]
    seeds: tuple[Scored, ...]
    means: NDArray[np.float64]
    sums: dict[Terms, NDArray[np.float64]]

    @classmethod
    def of(cls, metrics: Sequence[Metric], seeds: Sequence[Scored]) -> RowTerms:
        """Split metrics of each seed into terms; every seed scored the same rows."""
        means = [[m.form.terms(seed) for seed in seeds] for m in metrics if isinstance(m.form, Mean)]
        shared = {metric.form.terms for metric in metrics if isinstance(metric.form, OfSums)}
        return cls(
            metrics=tuple(metrics),
            seeds=tuple(seeds),
            means=np.array(means).reshape(len(means), len(seeds), seeds[0].n_rows).transpose(2, 0, 1),
            sums={terms: np.stack([terms(seed) for seed in seeds], axis=1) for terms in shared},
        )

    def restricted(self, metrics: Sequence[Metric]) -> RowTerms:
        """Return the terms of some of the metrics, in their order here."""
        kept = [metric for metric in self.metrics if metric in metrics]
        places = [m for m in self.metrics if isinstance(m.form, Mean)]
        return RowTerms(
            metrics=tuple(kept),
            seeds=self.seeds,
            means=self.means[:, [places.index(m) for m in kept if isinstance(m.form, Mean)]],
            sums=self.sums,
        )


def resampled_values(counts: NDArray[np.float64], terms: RowTerms) -> NDArray[np.float64]:
    """Return the metrics of resamples, float64 (n_resamples, n_metrics, n_seeds), in the terms' order.

    NaN where a metric is not defined on a resample.

    Args:
        counts: float64 (n_resamples, n_rows), how often each row was drawn.
        terms: of one recipe.
    """
    means, others = _means(counts, terms.means), _others(counts, terms)
    return _in_order(terms.metrics, means, [others[m] for m in terms.metrics if m in others])


def resampled_differences(counts: NDArray[np.float64], a: RowTerms, b: RowTerms) -> NDArray[np.float64]:
    """Return B's metrics minus A's seed by seed, float64 (n_resamples, n_metrics, n_seeds).

    Subtracting row by row first makes equal runs differ by exactly 0 in a mean, however a product rounds;
    the other metrics come out of whole numbers, in the same way for both, and so differ by 0 anyway.

    Args:
        counts: float64 (n_resamples, n_rows), how often each row was drawn.
        a: terms of recipe A.
        b: terms of recipe B, with as many seeds.
    """
    means = _means(counts, b.means - a.means)
    before, after = _others(counts, a), _others(counts, b)
    return _in_order(a.metrics, means, [after[m] - before[m] for m in a.metrics if m in after])


def _in_order(
    metrics: Sequence[Metric], means: NDArray[np.float64], others: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    left_means, left_others = iter(means.transpose(1, 0, 2)), iter(others)
    return np.stack([next(left_means if isinstance(m.form, Mean) else left_others) for m in metrics], axis=1)


def _means(counts: NDArray[np.float64], terms: NDArray[np.float64]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = _weighted(counts, terms) / counts.shape[1]
    return means


def _others(counts: NDArray[np.float64], terms: RowTerms) -> dict[Metric, NDArray[np.float64]]:
    """Return the metrics that are no means, float64 (n_resamples, n_seeds) each."""
    summed = {function: _weighted(counts, per_row) for function, per_row in terms.sums.items()}
    drawn = _of_counts(counts, terms)
    values: dict[Metric, NDArray[np.float64]] = {}
    for metric in terms.metrics:
        if isinstance(metric.form, OfSums):
            values[metric] = metric.form.of_sums(summed[metric.form.terms], terms.seeds[0].positive_of_two)
        elif isinstance(metric.form, OfCounts):
            values[metric] = drawn[metric]
        elif isinstance(metric.form, ValueOnly):
            raise ValueError(f"{metric.name} has no resamples")
    return values


def _of_counts(counts: NDArray[np.float64], terms: RowTerms) -> dict[Metric, NDArray[np.float64]]:
    forms = {metric: metric.form for metric in terms.metrics if isinstance(metric.form, OfCounts)}
    values = {metric: np.empty((len(counts), len(terms.seeds))) for metric in forms}
    size = max(1, _CHUNK_ELEMENTS // counts.shape[1])
    for drawn in {form.drawn for form in forms.values()}:
        for start in range(0, len(counts), size):
            rows = slice(start, start + size)
            for place, seed in enumerate(terms.seeds):
                shared = drawn(seed, counts[rows])
                for metric, form in forms.items():
                    if form.drawn is drawn:
                        values[metric][rows, place] = form.of_drawn(shared)
    return values


def _weighted(counts: NDArray[np.float64], terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Σ_i counts_i·terms_i, (n_resamples, *terms.shape[1:])."""
    flat: NDArray[np.float64] = counts @ terms.reshape(len(terms), -1)
    return flat.reshape(len(counts), *terms.shape[1:])
