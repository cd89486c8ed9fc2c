"""The metrics of a split against scikit-learn, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from whytrain.metrics.classification import classification_metrics
from whytrain.types import Predictions


def predictions(n_classes: int, n: int = 200) -> Predictions:
    generator = np.random.default_rng(n_classes)
    labels = generator.integers(0, n_classes, n)
    logits = generator.normal(size=(n, n_classes))
    logits[np.arange(n), labels] += 0.7
    return Predictions(logits, labels)


@pytest.mark.parametrize(("n_classes", "average"), [(2, "binary"), (3, "macro"), (5, "macro")])
def test_against_scikit_learn(n_classes, average):
    given = predictions(n_classes)
    predicted, labels, probabilities = given.logits.argmax(1), given.labels, given.probabilities
    result = classification_metrics(given)
    expected = {
        "accuracy": reference.accuracy_score(labels, predicted),
        "f1": reference.f1_score(labels, predicted, average=average),
        "precision": reference.precision_score(labels, predicted, average=average),
        "recall": reference.recall_score(labels, predicted, average=average),
        "weighted_f1": reference.f1_score(labels, predicted, average="weighted"),
        "nll": reference.log_loss(labels, probabilities),
        "loss": reference.log_loss(labels, probabilities),
        "brier": ((probabilities - np.eye(n_classes)[labels]) ** 2).sum(1).mean(),
    }
    assert result.keys() == {*expected, "ece"}
    for name, value in expected.items():
        assert result[name] == pytest.approx(value, abs=1e-12), name


def test_ece_by_hand():
    # Confidences 0.9 (three, two of them right) and 0.6 (two, both right): 3/5·|0.9 − 2/3| + 2/5·|0.6 − 1|.
    logits = np.log([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.6, 0.4], [0.4, 0.6]])
    result = classification_metrics(Predictions(logits, np.array([0, 1, 1, 0, 1])))
    assert result["ece"] == pytest.approx(0.6 * (0.9 - 2 / 3) + 0.4 * 0.4, abs=1e-12)


def test_a_class_that_is_never_predicted_or_never_there():
    logits = np.tile([5.0, 0.0], (4, 1))
    result = classification_metrics(Predictions(logits, np.array([0, 1, 0, 0])))
    assert (result["precision"], result["recall"], result["f1"]) == (0.0, 0.0, 0.0)
    absent = classification_metrics(Predictions(np.eye(3)[[0, 1, 0]], np.array([0, 1, 0])))
    assert absent["f1"] == pytest.approx(2 / 3)  # macro over all three classes
