"""The metrics of one run with their intervals over its sentences."""

from __future__ import annotations

import numpy as np

from whytrain.metrics.classification import classification_metrics
from whytrain.metrics.score_terms import METRICS, score_terms, scores
from whytrain.statistics.intervals import Interval, wilson_interval
from whytrain.types import Predictions

SHOWN = ("accuracy", "f1", "precision", "recall", "nll", "brier", "ece")


def metric_intervals(predictions: Predictions, n_resamples: int = 2000) -> dict[str, Interval | float]:
    """Metrics of a split with 95% intervals over its sentences.

    Accuracy has a Wilson interval, and so have precision and recall of two classes, which are proportions
    too; F1, NLL and Brier score have percentile bootstrap intervals. Numbers without an interval: ECE, whose
    bootstrap is biased upward, and macro precision and recall.

    Args:
        predictions: of the whole split.
        n_resamples: of the bootstrap, which has a fixed seed.
    """
    metrics = classification_metrics(predictions)
    labels, predicted = predictions.labels, predictions.logits.argmax(axis=1)
    result: dict[str, Interval | float] = {name: metrics[name] for name in SHOWN}
    result["accuracy"] = wilson_interval(int((predicted == labels).sum()), len(labels))
    if predictions.logits.shape[1] == 2:
        hits = int(((predicted == 1) & (labels == 1)).sum())
        for name, n_trials in (("precision", (predicted == 1).sum()), ("recall", (labels == 1).sum())):
            if n_trials:
                result[name] = wilson_interval(hits, int(n_trials))
    generator = np.random.default_rng(0)
    n = len(labels)
    counts = generator.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(np.float64)
    draws = scores(counts, score_terms(predictions.probabilities[None], labels))[:, :, 0]
    for name, (low, high) in zip(METRICS, np.quantile(draws, [0.025, 0.975], axis=0).T, strict=True):
        if name != "accuracy":
            result[name] = Interval(metrics[name], float(low), float(high))
    return result
