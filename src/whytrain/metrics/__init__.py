"""Scores of predictions: a metric is one object, and whatever logs, compares, draws or tells it reads that.

A new metric is one object in the file of its family and an entry in `METRICS`: it is logged as `val/name`,
can be monitored, and has its interval, its row in tables, its panel where it belongs, and, if it says so, its
tested difference in comparisons.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from whytrain.errors import ConfigError
from whytrain.metrics.calibration import BRIER, ECE, LOSS, NLL
from whytrain.metrics.classification import (
    ACCURACY,
    BALANCED_ACCURACY,
    F1,
    MCC,
    PRECISION,
    RECALL,
    WEIGHTED_F1,
)
from whytrain.metrics.metric import Mean, Metric, OfCounts, OfSums, Scored, ValueOnly
from whytrain.metrics.multilabel import HAMMING, MICRO_F1, MULTILABEL_METRICS, scores_by_label
from whytrain.metrics.ranking import AUROC, AVERAGE_PRECISION
from whytrain.types import Predictions

METRICS = (
    ACCURACY,
    F1,
    PRECISION,
    RECALL,
    WEIGHTED_F1,
    BALANCED_ACCURACY,
    MCC,
    AUROC,
    AVERAGE_PRECISION,
    LOSS,
    NLL,
    BRIER,
    ECE,
)
SHOWN = tuple(metric for metric in METRICS if metric.shown)
COMPARED = tuple(metric for metric in METRICS if metric.compared)
MONITORED = {f"val/{metric.name}": metric for metric in (*MULTILABEL_METRICS, *METRICS)}


def metrics_for(labels: NDArray[Any]) -> tuple[Metric, ...]:
    """Return the metrics that fit labels: of classes (n,), or of label sets (n, n_labels)."""
    return METRICS if labels.ndim == 1 else MULTILABEL_METRICS


def shown_for(labels: NDArray[Any]) -> tuple[Metric, ...]:
    """Return those of `metrics_for` that tables of results have."""
    return tuple(metric for metric in metrics_for(labels) if metric.shown)


def compared_for(labels: NDArray[Any]) -> tuple[Metric, ...]:
    """Return those of `metrics_for` that comparisons test."""
    return tuple(metric for metric in metrics_for(labels) if metric.compared)


def accuracy_for(labels: NDArray[Any]) -> Metric:
    """Return the accuracy that fits labels: of classes, or of whole label sets."""
    return metrics_for(labels)[0]


def right_rows(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether everything about a row is decided right.

    Args:
        probabilities: (…, n_rows, n_classes), such as those of several seeds.
        labels: int64 (n_rows,), or label sets (n_rows, n_labels).

    Returns:
        bool (…, n_rows).
    """
    if labels.ndim == 1:
        right: NDArray[np.bool_] = probabilities.argmax(axis=-1) == labels
    else:
        right = ((probabilities > 0.5) == (labels == 1)).all(axis=-1)
    return right


def evaluate(predictions: Predictions) -> dict[str, float]:
    """Return the value of every metric that fits the labels by name; NaN for one that is not defined here.

    Raises:
        DataError: there are no rows, or a label is not a class.
    """
    scored = Scored.of(predictions)
    return {metric.name: metric.value(scored) for metric in metrics_for(scored.labels)}


def monitored(key: str) -> Metric:
    """Return the metric that is logged under a key such as `val/accuracy`.

    Raises:
        ConfigError: there is none.
    """
    if key not in MONITORED:
        raise ConfigError(f"trainer.monitor={key}: no such metric; choices: {', '.join(MONITORED)}")
    return MONITORED[key]


__all__ = [
    "ACCURACY",
    "AUROC",
    "AVERAGE_PRECISION",
    "BALANCED_ACCURACY",
    "BRIER",
    "COMPARED",
    "ECE",
    "F1",
    "HAMMING",
    "LOSS",
    "MCC",
    "METRICS",
    "MICRO_F1",
    "MONITORED",
    "MULTILABEL_METRICS",
    "NLL",
    "PRECISION",
    "RECALL",
    "SHOWN",
    "WEIGHTED_F1",
    "Mean",
    "Metric",
    "OfCounts",
    "OfSums",
    "Scored",
    "ValueOnly",
    "accuracy_for",
    "compared_for",
    "evaluate",
    "metrics_for",
    "monitored",
    "right_rows",
    "scores_by_label",
    "shown_for",
]
