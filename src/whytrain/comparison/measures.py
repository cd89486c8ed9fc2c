"""The metrics of each recipe with their intervals, and what can be said about the differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from whytrain.calibration.noise_floor import ece_noise_floor
from whytrain.comparison.recipes import Recipe
from whytrain.comparison.runs import ComparedRun, Progress, Sentences
from whytrain.metrics import Metric, shown_for
from whytrain.metrics.calibration import expected_calibration_error
from whytrain.statistics.comparison import Comparison, compare_with_baseline
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.intervals import Interval, t_interval
from whytrain.statistics.metric_intervals import metric_intervals

Scores = dict[str, Interval | float]  # metric → value, with its interval where there is an honest one


@dataclass(frozen=True, eq=False, kw_only=True)
class Measures:
    """All numbers of a comparison that concern whole runs.

    Attributes:
        scores: by recipe, the metrics with intervals over its sentences, of several seeds their mean with
            intervals over sentences and seeds.
        floors: by recipe, the accuracy of the simple model that it must beat; None where it was not tracked.
        against_baseline: by recipe, all but the first, its differences from the first.
        mcnemar_adjusted: by recipe, McNemar's p-value after correction over the recipes; none for recipes
            of several seeds.
        calibration: one row per run: calibration error, what noise alone would show, and what that means.
    """

    scores: dict[str, Scores]
    floors: dict[str, float | None]
    against_baseline: dict[str, Comparison]
    mcnemar_adjusted: dict[str, float]
    calibration: pd.DataFrame


def measure(
    recipes: Sequence[Recipe],
    sentences: Sentences,
    progress: Progress,
    *,
    level: float,
    n_resamples: int,
    seed: int,
) -> Measures:
    """Measure every recipe and compare each with the first.

    Args:
        recipes: the baseline first, two at least.
        sentences: that they judged.
        progress: shows how far it is.
        level: coverage of the intervals of differences.
        n_resamples: of the bootstrap, at least.
        seed: of the resampling.

    Raises:
        DataError: there is only one sentence.
    """
    first, *others = recipes
    compared = compare_with_baseline(
        first.probabilities,
        {recipe.name: recipe.probabilities for recipe in others},
        sentences.labels,
        name=first.name,
        positive=sentences.positive,
        paired_seeds=[recipe.name for recipe in others if recipe.seeds == first.seeds],
        level=level,
        n_resamples=n_resamples,
        seed=seed,
    )
    tests = {name: found.mcnemar.p_value for name, found in compared.items() if found.mcnemar is not None}
    adjusted = holm_correction(list(tests.values())).tolist() if tests else []
    return Measures(
        scores={recipe.name: _scores(recipe) for recipe in progress(recipes, "measuring")},
        floors={recipe.name: recipe.shown.record.metrics.get("floor/accuracy") for recipe in recipes},
        against_baseline=compared,
        mcnemar_adjusted=dict(zip(tests, adjusted, strict=True)),
        calibration=pd.DataFrame(
            [
                _calibration(recipe, run)
                for recipe in recipes
                for run in recipe.runs
                if run.predictions.exclusive
            ],
            columns=_CALIBRATION,
        ),
    )


def _scores(recipe: Recipe) -> Scores:
    per_seed = [metric_intervals(run.predictions) for run in recipe.runs]
    if len(per_seed) == 1:
        return per_seed[0]
    return {
        metric.name: _over_seeds(metric, [values[metric.name] for values in per_seed])
        for metric in shown_for(recipe.shown.predictions.labels)
    }


def _over_seeds(metric: Metric, per_seed: Sequence[Interval | float]) -> Interval | float:
    """Return the mean over seeds; where each has an interval, with one of what the metric can be.

    Other seeds and other sentences may move it, so its ends are as far away as both together: the half width
    of Student's interval over seeds and that of the seeds' intervals over sentences (their mean, as if all
    erred alike), in quadrature.

    References:
        Zou & Donner (2008), Construction of confidence limits about effect measures: a general approach.
    """
    intervals = [one for one in per_seed if isinstance(one, Interval)]
    if len(intervals) < len(per_seed):
        return float(np.mean([one.estimate if isinstance(one, Interval) else one for one in per_seed]))
    seeds = t_interval([one.estimate for one in intervals])
    below = np.mean([one.estimate - one.low for one in intervals])
    above = np.mean([one.high - one.estimate for one in intervals])
    low = seeds.estimate - math.hypot(seeds.estimate - seeds.low, below)
    high = seeds.estimate + math.hypot(seeds.high - seeds.estimate, above)
    return replace(seeds, low=max(low, metric.lowest), high=min(high, metric.highest))


_CALIBRATION = ["run", "ece", "noise_mean", "noise_p95", "p_value", "in_words"]


def _calibration(recipe: Recipe, run: ComparedRun) -> dict[str, object]:
    """Return a run's calibration error beside what a calibrated model would show on as many sentences."""
    probabilities, labels = run.predictions.probabilities, run.predictions.labels
    error, floor = expected_calibration_error(probabilities, labels), ece_noise_floor(probabilities)
    p_value = floor.p_value(error)
    said = "off by more than noise" if p_value <= 0.05 else "no more than noise explains"
    return {
        "run": recipe.name if len(recipe.runs) == 1 else f"{recipe.name}, seed {run.seed}",
        "ece": error,
        "noise_mean": floor.mean,
        "noise_p95": floor.percentile_95,
        "p_value": p_value,
        "in_words": said,
    }
