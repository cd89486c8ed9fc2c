"""Scores of predictions: a metric is one object, and whatever logs, compares, draws or tells it reads that.

A new metric is one object in the file of its family and an entry in `METRICS`: it is logged as `val/name`,
can be monitored, and has its interval, its row in tables, its panel where it belongs, and, if it says so, its
tested difference in comparisons.
"""

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
MONITORED = {f"val/{metric.name}": metric for metric in METRICS}


def evaluate(predictions: Predictions) -> dict[str, float]:
    """Return the value of every metric by name; NaN for one that is not defined on these rows.

    Raises:
        DataError: there are no rows, or a label is not a class.
    """
    scored = Scored.of(predictions)
    return {metric.name: metric.value(scored) for metric in METRICS}


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
    "LOSS",
    "MCC",
    "METRICS",
    "MONITORED",
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
    "evaluate",
    "monitored",
]
