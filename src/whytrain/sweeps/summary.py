"""What came out of a sweep: one row per job, and who did best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from whytrain.config.override_words import values_of
from whytrain.statistics.intervals import Interval, t_interval


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What is known of a job after its end.

    Attributes:
        overrides: its command line.
        status: FINISHED, FAILED, KILLED, RUNNING or UNKNOWN (not in MLflow yet).
        run_key: of its resolved config; empty where it never became a run.
        run_id: empty where it never became a run.
        run_name: empty where it never became a run.
        duration_s: seconds; None where nobody knows.
        metrics: last values by name; those of the best and the last epoch are kept.
        error: why it never became a run.
    """

    overrides: Sequence[str]
    status: str
    run_key: str = ""
    run_id: str = ""
    run_name: str = ""
    duration_s: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


def varied_keys(jobs: Sequence[Sequence[str]]) -> list[str]:
    """Return the keys whose values differ between jobs, in the order of the command line.

    >>> varied_keys([["a=1", "b=2"], ["a=1", "b=3"]]), varied_keys([["a=1"]])
    (['b'], [])
    """
    values = [values_of(job) for job in jobs]
    keys = dict.fromkeys(key for job in values for key in job)
    return [key for key in keys if len({job.get(key) for job in values}) > 1]


def summary_table(jobs: Sequence[JobResult]) -> pd.DataFrame:
    """Return one row per job: what varies under its key, how it ended, metrics (`best/…`, `last/…`)."""
    rows = []
    varied = varied_keys([job.overrides for job in jobs])
    for job in jobs:
        values = values_of(job.overrides)
        kept = {name: v for name, v in sorted(job.metrics.items()) if name.startswith(("best/", "last/"))}
        rows.append(
            {
                **{key: values.get(key, "") for key in varied},
                "status": job.status,
                "duration_s": np.nan if job.duration_s is None else job.duration_s,
                "run_name": job.run_name,
                "run_id": job.run_id,
                "run_key": job.run_key,
                "overrides": " ".join(job.overrides),
                "error": job.error,
                **kept,
            }
        )
    return pd.DataFrame(rows)


def score_column(monitor: str) -> str:
    """Return the summary's column of a monitored metric.

    >>> score_column("val/accuracy")
    'best/accuracy'
    """
    return f"best/{monitor.removeprefix('val/')}"


def best_first(table: pd.DataFrame, score: str, mode: Literal["max", "min"]) -> pd.DataFrame:
    """Return the finished jobs that have a score, the best first."""
    if score not in table:
        return table.iloc[:0]
    finished = table[(table["status"] == "FINISHED") & table[score].notna()]
    return finished.sort_values(score, ascending=mode == "min", kind="stable")


def over_seeds(
    table: pd.DataFrame, keys: Sequence[str], score: str
) -> dict[str, tuple[np.ndarray, Interval]]:
    """Return the scores (n_seeds,) of each configuration, and their mean with a 95% interval.

    The interval is Student's: of the mean over all seeds that could be drawn. With one seed it is the whole
    line, since nothing is known of the spread.

    Args:
        table: finished jobs, as `best_first` returns them.
        keys: what varies; `seed` tells no configurations apart.
        score: the column.
    """
    others = [key for key in keys if key != "seed"]
    labels = table[others].astype(str).apply(", ".join, axis=1) if others else None
    groups = table[score].groupby(labels, sort=False) if labels is not None else [("all jobs", table[score])]
    found = {}
    for label, values in groups:
        scores = values.to_numpy(dtype=np.float64)
        alone = Interval(estimate=float(scores[0]), low=-np.inf, high=np.inf)
        found[str(label)] = (scores, t_interval(scores) if len(scores) > 1 else alone)
    return found
