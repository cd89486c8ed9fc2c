"""A tracked run as numbers that can be compared: its metrics, and what they are means of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.tracking.reader import RunRecord, read_table


@dataclass(frozen=True, eq=False)
class MeasuredRun:
    """A run's metrics and their rows.

    Attributes:
        run: the run.
        metrics: value by name.
        rows: by name of a metric that is a mean over sentences: its terms, float64, indexed by sentence id.
        confidence: float64, of the best epoch's predictions, indexed by validation sentence id.
    """

    run: RunRecord
    metrics: Mapping[str, float]
    rows: Mapping[str, pd.Series[float]]
    confidence: pd.Series[float]


def measured_run(run: RunRecord, further: Mapping[str, pd.Series[float]]) -> MeasuredRun:
    """Read a run that ended with a diagnosis.

    Args:
        run: the run.
        further: terms of metrics that were measured afterwards.

    Raises:
        TrackingError: it lacks the tables of predictions or of the diagnosis.
    """
    table = read_table(run, "predictions", epoch=int(run.metrics["best/epoch"])).set_index("id")
    names = [name.removeprefix("probability_") for name in table if name.startswith("probability_")]
    probabilities: NDArray[np.float64] = table[[f"probability_{name}" for name in names]].to_numpy()
    labels = table["label"].map(names.index).to_numpy()
    of_label = np.maximum(probabilities[np.arange(len(labels)), labels], np.finfo(np.float64).eps)
    rows: dict[str, pd.Series[float]] = {
        "best/accuracy": table["right"].astype("float64"),
        "best/nll": pd.Series(-np.log(of_label), index=table.index),
    }
    diagnosed = read_table(run, "diagnosis", name="rows")
    for name, group in diagnosed.groupby("name"):
        rows[f"diagnosis/{name}"] = group.set_index("id")["value"]
    rows |= further
    metrics = dict(run.metrics) | {name: float(terms.mean()) for name, terms in further.items()}
    return MeasuredRun(run, metrics, rows, pd.Series(probabilities.max(axis=1), index=table.index))
