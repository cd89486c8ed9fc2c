"""The metrics of one run with their intervals over its sentences."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from whytrain.metrics import Metric, OfCounts, Scored, ValueOnly, shown_for
from whytrain.statistics.intervals import Interval, wilson_interval
from whytrain.statistics.resampled_metrics import RowTerms, resampled_values
from whytrain.types import Predictions


def metric_intervals(predictions: Predictions, n_resamples: int = 2000) -> dict[str, Interval | float]:
    """Metrics of a split with 95% intervals over its sentences.

    Shares of independent sentences (accuracy; precision and recall of two classes) have Wilson intervals,
    all others percentile bootstrap intervals, over the resamples on which they are defined. Those of rankings
    are moved back by what resampling adds on average: a resample's doubled sentences rank better than new
    ones would. With 100 sentences of 4 classes the interval of average precision held the true value in 81%
    of simulated samples before, in 91% after; that of AUROC is right either way. Numbers without an
    interval: ECE, whose bootstrap is biased beyond correction; a precision of no prediction; what is not
    defined on these sentences (NaN), such as the AUROC of one class; all but shares of a single sentence.

    Args:
        predictions: of the whole split.
        n_resamples: of the bootstrap, which has a fixed seed.

    References:
        Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapters 10 and 13.
    """
    scored = Scored.of(predictions)
    values = {metric: metric.value(scored) for metric in shown_for(scored.labels)}
    result: dict[str, Interval | float] = {metric.name: value for metric, value in values.items()}
    resampled = []
    for metric, value in values.items():
        share = metric.proportion(scored) if metric.proportion is not None else None
        if share is None:
            if not (isinstance(metric.form, ValueOnly) or math.isnan(value)):
                resampled.append(metric)
        elif share[1] > 0:
            result[metric.name] = wilson_interval(*share)
    generator = np.random.default_rng(0)
    n = scored.n_rows
    if n == 1:  # which tells nothing of how sentences differ
        return result
    counts = generator.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(np.float64)
    draws = resampled_values(counts, RowTerms.of(resampled, [scored]))[:, :, 0]
    for metric, column in zip(resampled, draws.T, strict=True):
        result[metric.name] = _interval(metric, values[metric], column[~np.isnan(column)])
    return result


def _interval(metric: Metric, estimate: float, draws: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(draws, [0.025, 0.975])
    if isinstance(metric.form, OfCounts):
        bias = draws.mean() - estimate
        low, high = max(low - bias, metric.lowest), min(high - bias, metric.highest)
    return Interval(estimate=estimate, low=float(low), high=float(high))
