"""The metrics of one run with their intervals over its sentences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whytrain.metrics import SHOWN, Scored, ValueOnly
from whytrain.statistics.intervals import Interval, wilson_interval
from whytrain.statistics.resampled_metrics import RowTerms, resampled_values
from whytrain.types import Predictions


def metric_intervals(predictions: Predictions, n_resamples: int = 2000) -> dict[str, Interval | float]:
    """Metrics of a split with 95% intervals over its sentences.

    Shares of independent sentences (accuracy; precision and recall of two classes) have Wilson intervals,
    all others percentile bootstrap intervals, over the resamples on which they are defined. Numbers without
    an interval: ECE, whose bootstrap is biased upward; a precision of no prediction; what is not defined on
    these sentences (NaN), such as the AUROC of one class.

    Args:
        predictions: of the whole split.
        n_resamples: of the bootstrap, which has a fixed seed.
    """
    scored = Scored.of(predictions)
    result: dict[str, Interval | float] = {metric.name: metric.value(scored) for metric in SHOWN}
    resampled = []
    for metric in SHOWN:
        share = metric.proportion(scored) if metric.proportion is not None else None
        if share is not None and share[1] > 0:
            result[metric.name] = wilson_interval(*share)
        undefined = np.isnan(metric.value(scored)) if share is None else False
        if not isinstance(metric.form, ValueOnly) and not undefined and share is None:
            resampled.append(metric)
    generator = np.random.default_rng(0)
    n = scored.n_rows
    counts = generator.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(np.float64)
    draws = resampled_values(counts, RowTerms.of(resampled, [scored]))[:, :, 0]
    for metric, column in zip(resampled, draws.T, strict=True):
        low, high = _quantiles(column)
        estimate = result[metric.name]
        assert isinstance(estimate, float)
        result[metric.name] = Interval(estimate, low, high)
    return result


def _quantiles(draws: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(draws[~np.isnan(draws)], [0.025, 0.975])
    return float(low), float(high)
