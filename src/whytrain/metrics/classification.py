"""The metrics that every run logs, from the predictions on a whole split."""

from __future__ import annotations

from sklearn.metrics import f1_score, precision_recall_fscore_support

from whytrain.metrics.calibration import brier_score, expected_calibration_error, negative_log_likelihood
from whytrain.types import Predictions


def classification_metrics(predictions: Predictions) -> dict[str, float]:
    """Loss, accuracy, F1, precision, recall, weighted F1, NLL, Brier score and ECE (15 bins).

    F1, precision and recall are those of the positive class (index 1) for two classes, and means over
    classes (macro) otherwise; a class that is never predicted has precision 0.

    Args:
        predictions: logits (n, n_classes) and labels (n,).

    Returns:
        Values by name: loss and NLL in nats (equal here; training's loss may have further terms), the
        others in [0, 1], Brier in [0, 2].
    """
    labels, probabilities = predictions.labels, predictions.probabilities
    predicted = probabilities.argmax(axis=1)
    n_classes = probabilities.shape[1]
    average = {"average": "binary", "pos_label": 1} if n_classes == 2 else {"average": "macro"}
    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, predicted, labels=None if n_classes == 2 else range(n_classes), zero_division=0.0, **average
    )
    nll = negative_log_likelihood(probabilities, labels)
    return {
        "loss": nll,
        "accuracy": float((predicted == labels).mean()),
        "f1": float(f1),
        "precision": float(precision),
        "recall": float(recall),
        "weighted_f1": float(f1_score(labels, predicted, average="weighted", zero_division=0.0)),
        "nll": nll,
        "brier": brier_score(probabilities, labels),
        "ece": expected_calibration_error(probabilities, labels),
    }
