"""How often each arm is right on each kind of rows, and which repair of a shortcut is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from whytrain.loop.arm_differences import difference
from whytrain.loop.arms import BASELINE, EXPLAINED, Arm
from whytrain.loop.measured_run import MeasuredRun
from whytrain.loop.shortcut_rows import ADVERSARIAL, UNMARKED
from whytrain.statistics.crossed_bootstrap import mean_over_sentences_and_seeds
from whytrain.statistics.intervals import Interval, t_interval

_VALIDATION = "best/accuracy"
NAMES = {  # what people call these rows
    _VALIDATION: "validation",
    UNMARKED: "without what is marked",
    ADVERSARIAL: "marks turned against the class",
}
COLUMNS = (
    "arm",
    "rows",
    "n_rows",
    "accuracy",
    "low",
    "high",
    "difference",
    "difference_low",
    "difference_high",
)


def rows_measured(runs: Sequence[MeasuredRun]) -> list[str]:
    """Return the accuracies that all runs have by row: validation, check, evaluation sets, marked rows."""
    first = [*runs[0].rows] if runs else []
    names = [name for name in first if name in NAMES or name.startswith(("check/", "evaluation/"))]
    return [name for name in names if all(name in run.rows for run in runs)]


def arm_accuracies(before: Sequence[MeasuredRun], after: Mapping[Arm, Sequence[MeasuredRun]]) -> pd.DataFrame:
    """One row per arm and kind of rows: accuracy, and its difference from the baseline, with 95% intervals.

    Args:
        before: the baselines, one per seed.
        after: the runs of each arm, in the same order of seeds.
    """
    arms = {BASELINE: before} | {arm.name: runs for arm, runs in after.items()}
    rows = []
    for metric in rows_measured(before):
        for name, runs in arms.items():
            value = accuracy(metric, runs)
            change = difference(metric, before, runs) if name != BASELINE else None
            shown = change or Interval(estimate=np.nan, low=np.nan, high=np.nan)
            ends = (value.estimate, value.low, value.high, shown.estimate, shown.low, shown.high)
            kind = NAMES.get(metric) or metric.removesuffix("/accuracy").removeprefix("evaluation/")
            rows.append((name, kind, len(runs[0].rows[metric]), *ends))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def accuracy(metric: str, runs: Sequence[MeasuredRun]) -> Interval:
    """Return the share of right rows over all seeds, with its 95% interval over rows and seeds."""
    terms = [run.rows[metric].sort_index() for run in runs]
    if all(len(t) > 1 and t.index.equals(terms[0].index) for t in terms):
        return mean_over_sentences_and_seeds(np.array([t.to_numpy() for t in terms]))
    return t_interval([float(t.mean()) for t in terms])


def best_repair(after: Mapping[Arm, Sequence[MeasuredRun]]) -> list[str]:
    """Say which repair of the marks is best on held-out rows whose marks were turned against the class.

    These rows come from where the training rows do; no check sample and no evaluation set takes part.
    """
    repairs = {arm.name: runs for arm, runs in after.items() if arm.repairs_marks}
    repairs = {name: runs for name, runs in repairs.items() if all(ADVERSARIAL in run.rows for run in runs)}
    if len(repairs) < 2 or EXPLAINED not in repairs:
        return []
    values = {name: accuracy(ADVERSARIAL, runs).estimate for name, runs in repairs.items()}
    best = max(values, key=lambda name: values[name])
    head = "On held-out rows whose marks were turned against their class"
    if best != EXPLAINED:
        change = difference(ADVERSARIAL, repairs[EXPLAINED], repairs[best])
        if change is not None and change.low > 0:
            return [
                f"{head}, “{best}” is surely better than the recommended repair: "
                f"{values[best]:.3f} against {values[EXPLAINED]:.3f}. Use it instead."
            ]
    others = {name: value for name, value in values.items() if name != EXPLAINED}
    second = max(others, key=lambda name: others[name])
    return [
        f"{head}, the recommended repair is right in {values[EXPLAINED]:.3f}; no other is surely better (the "
        f"best of them, “{second}”: {others[second]:.3f})."
    ]
