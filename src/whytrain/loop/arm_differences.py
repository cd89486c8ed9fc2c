"""The difference of a metric between runs before and after a change, with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.loop.measured_run import MeasuredRun
from whytrain.metrics.calibration import bin_index
from whytrain.statistics.intervals import (
    Interval,
    bootstrap_distribution,
    bootstrap_interval,
    t_interval,
)
from whytrain.statistics.seed_spread import seed_shifts

N_BINS = 15  # of the calibration error, as everywhere
_RESAMPLES = 2000


def difference(metric: str, before: Sequence[MeasuredRun], after: Sequence[MeasuredRun]) -> Interval | None:
    """Return after − before with its 95% interval, paired by seed and, where there are rows, by sentence.

    Several seeds on the same sentences: bootstrap over sentences, widened by Student's t of the seeds' means
    (see `statistics.paired_bootstrap`). Several seeds with sentences of their own: Student's t over the
    seeds' means of the sentences that both runs have; a metric without rows: over its values. One seed:
    bootstrap over the sentences that both runs have; without rows the ends are NaN.

    Args:
        metric: its name.
        before: one run per seed.
        after: one run per seed, in the same order.

    Returns:
        The difference; None where a run does not have the metric.
    """
    pairs = list(zip(before, after, strict=True))
    if any(metric not in run.metrics for pair in pairs for run in pair):
        return None
    if metric == "best/ece" and len(pairs) == 1:
        return _calibration_difference(*pairs[0])
    terms = [_paired_terms(metric, *pair) for pair in pairs]
    found = [t for t in terms if t is not None and len(t) > 1]
    if len(found) == len(pairs) and all(t.index.equals(found[0].index) for t in found):
        return _over_sentences_and_seeds(np.array([t.to_numpy() for t in found]))
    per_seed = [
        float(t.mean()) if t is not None and len(t) else b.metrics[metric] - a.metrics[metric]
        for t, (a, b) in zip(terms, pairs, strict=True)
    ]
    if len(pairs) == 1:
        return Interval(per_seed[0], float("nan"), float("nan"))
    return t_interval(per_seed)


def _paired_terms(metric: str, before: MeasuredRun, after: MeasuredRun) -> pd.Series[float] | None:
    if metric not in before.rows or metric not in after.rows:
        return None
    a, b = before.rows[metric].align(after.rows[metric], join="inner")
    return (b - a).sort_index()


def _over_sentences_and_seeds(terms: NDArray[np.float64]) -> Interval:
    """Return the mean of terms (n_seeds, n_sentences) with its interval."""
    draws = bootstrap_distribution(lambda rows: rows.mean(axis=1), terms.mean(axis=0), n_resamples=_RESAMPLES)
    draws = draws + seed_shifts([terms.mean(axis=1)[None]], _RESAMPLES, seed=0)[:, 0]
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(float(terms.mean()), float(low), float(high))


def _calibration_difference(before: MeasuredRun, after: MeasuredRun) -> Interval:
    ids = before.confidence.index.intersection(after.confidence.index)
    columns = [
        column.loc[ids].to_numpy(dtype=np.float64)
        for run in (before, after)
        for column in (run.confidence, run.rows["best/accuracy"])
    ]

    def gap(*draws: NDArray[np.float64]) -> NDArray[np.float64]:
        return _errors(draws[2], draws[3]) - _errors(draws[0], draws[1])

    return bootstrap_interval(gap, *columns, n_resamples=_RESAMPLES)


def _errors(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the expected calibration error of each resample (n_resamples, n_sentences)."""
    bins = bin_index(confidence, N_BINS)
    gaps = right - confidence
    totals = [np.abs(np.where(bins == b, gaps, 0.0).sum(axis=1)) for b in range(N_BINS)]
    errors: NDArray[np.float64] = np.sum(totals, axis=0) / confidence.shape[1]
    return errors
