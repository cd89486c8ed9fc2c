"""The difference of a metric between runs before and after a change, with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.loop.measured_run import MeasuredRun
from whytrain.metrics.calibration import calibration_terms
from whytrain.statistics.crossed_bootstrap import crossed_bootstrap, mean_over_sentences_and_seeds
from whytrain.statistics.intervals import Interval, share_of_unseen, t_interval

_RESAMPLES = 2000


def difference(metric: str, before: Sequence[MeasuredRun], after: Sequence[MeasuredRun]) -> Interval | None:
    """Return after − before with its 95% interval, paired by seed and, where there are rows, by sentence.

    Several seeds on the same sentences: bootstrap over sentences, widened by Student's t of the seeds' means
    (see `statistics.crossed_bootstrap`). Several seeds with sentences of their own: Student's t over the
    seeds' means of the sentences that both runs have; a metric without rows: over its values. One seed:
    bootstrap over the sentences that both runs have; without rows the ends are NaN. Where no sentence
    differs, the interval says how many unseen ones may (`share_of_unseen`); of measures that have no largest
    change the ends are NaN.

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
        found = _calibration_difference(*pairs[0])
        return found if found.high > found.low else _no_difference()
    terms = [_paired_terms(metric, *pair) for pair in pairs]
    if all(len(of_seed) > 1 and of_seed.index.equals(terms[0].index) for of_seed in terms):
        if any(of_seed.any() for of_seed in terms):
            return mean_over_sentences_and_seeds(
                np.array([of_seed.to_numpy() for of_seed in terms]), n_resamples=_RESAMPLES
            )
        is_share = all(run.rows[metric].isin((0.0, 1.0)).all() for pair in pairs for run in pair)
        return _no_difference(share_of_unseen(len(terms[0]))) if is_share else _no_difference()
    per_seed = [
        float(of_seed.mean()) if len(of_seed) else b.metrics[metric] - a.metrics[metric]
        for of_seed, (a, b) in zip(terms, pairs, strict=True)
    ]
    if len(pairs) == 1:
        return Interval(estimate=per_seed[0], low=np.nan, high=np.nan)
    return t_interval(per_seed)


def _no_difference(most: float = np.nan) -> Interval:
    return Interval(estimate=0.0, low=-most, high=most)


def _paired_terms(metric: str, before: MeasuredRun, after: MeasuredRun) -> pd.Series[float]:
    """Return after − before of each sentence that both runs have; of none where a run has no rows."""
    if metric not in before.rows or metric not in after.rows:
        return pd.Series(dtype=np.float64)
    a, b = before.rows[metric].align(after.rows[metric], join="inner")
    return (b - a).sort_index()


def _calibration_difference(before: MeasuredRun, after: MeasuredRun) -> Interval:
    ids = before.confidence.index.intersection(after.confidence.index)
    a, b = (
        calibration_terms(
            run.confidence.loc[ids].to_numpy(np.float64),
            run.rows["best/accuracy"].loc[ids].to_numpy(np.float64),
        )
        for run in (before, after)
    )

    def change(counts: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        of_a, of_b = (np.abs(counts @ terms).sum(axis=1) / len(ids) for terms in (a, b))
        return [(of_b - of_a)[:, None, None]]

    return crossed_bootstrap(change, len(ids), n_resamples=_RESAMPLES, seed=0).interval(0, 0.95)
