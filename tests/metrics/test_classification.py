"""Metrics of the predicted class against scikit-learn, and by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from scored import scored_rows
from sklearn import metrics as sk

from whytrain.metrics import BALANCED_ACCURACY, F1, MCC, METRICS, PRECISION, RECALL, Scored, evaluate
from whytrain.types import Predictions


def predictions(n_classes: int, n: int = 200) -> Predictions:
    generator = np.random.default_rng(n_classes)
    labels = generator.integers(0, n_classes, n)
    logits = generator.normal(size=(n, n_classes))
    logits[np.arange(n), labels] += 0.7
    return Predictions(logits=logits, labels=labels)


def predicting(predicted: list[int], n_classes: int, labels: list[int], positive: int = 1) -> Scored:
    """Rows whose predicted classes are given."""
    return Scored(probabilities=np.eye(n_classes)[predicted], labels=np.array(labels), positive=positive)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_what_a_run_logs_equals_scikit_learn(n_classes):
    given_ = predictions(n_classes)
    predicted, labels, probabilities = given_.logits.argmax(1), given_.labels, given_.probabilities
    averaged = {"average": "binary" if n_classes == 2 else "macro"}
    scores = probabilities[:, 1] if n_classes == 2 else probabilities
    expected = {
        "accuracy": sk.accuracy_score(labels, predicted),
        "f1": sk.f1_score(labels, predicted, **averaged),
        "precision": sk.precision_score(labels, predicted, **averaged),
        "recall": sk.recall_score(labels, predicted, **averaged),
        "weighted_f1": sk.f1_score(labels, predicted, average="weighted"),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, predicted),
        "mcc": sk.matthews_corrcoef(labels, predicted),
        "auroc": sk.roc_auc_score(labels, scores, multi_class="ovr"),
        "average_precision": sk.average_precision_score(labels, scores),
        "nll": sk.log_loss(labels, probabilities),
        "loss": sk.log_loss(labels, probabilities),
        "brier": ((probabilities - np.eye(n_classes)[labels]) ** 2).sum(1).mean(),
    }
    result = evaluate(given_)
    assert result.keys() == {*expected, "ece"} == {metric.name for metric in METRICS}
    for name, value in expected.items():
        assert result[name] == pytest.approx(value, abs=1e-12), name  # rounding alone


@settings(max_examples=200, deadline=None)
@given(scored=scored_rows())
def test_any_classes_in_gold_and_prediction_equal_scikit_learn(scored: Scored) -> None:
    labels, predicted, two = scored.labels, scored.predicted, scored.n_classes == 2
    averaged = {"average": "binary", "pos_label": scored.positive} if two else {"average": "macro"}
    if two:  # so that scikit-learn knows that there are two; of more it takes those that occur
        averaged["labels"] = [0, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes that are predicted and not there
        expected = {
            "f1": sk.f1_score(labels, predicted, zero_division=0.0, **averaged),
            "precision": sk.precision_score(labels, predicted, zero_division=0.0, **averaged),
            "recall": sk.recall_score(labels, predicted, zero_division=0.0, **averaged),
            "weighted_f1": sk.f1_score(labels, predicted, zero_division=0.0, average="weighted"),
            "balanced_accuracy": sk.balanced_accuracy_score(labels, predicted),
            "mcc": sk.matthews_corrcoef(labels, predicted),
        }
    for metric in METRICS:
        if metric.name in expected:
            assert metric.value(scored) == pytest.approx(expected[metric.name], abs=1e-12), metric.name


def test_six_right_answers_of_three_out_of_five_classes_are_perfect() -> None:
    scored = predicting([0, 1, 2, 0, 1, 2], 5, [0, 1, 2, 0, 1, 2])
    for metric in (F1, PRECISION, RECALL, BALANCED_ACCURACY, MCC):
        assert metric.value(scored) == 1.0, metric.name


def test_a_class_that_is_predicted_without_being_there_counts_for_f1_alone() -> None:
    # Gold 0, 0, 1; predicted 0, 2, 1. F1: 2/3, 1, 0 over three classes; recalls 1/2, 1 over two.
    scored = predicting([0, 2, 1], 4, [0, 0, 1])
    assert F1.value(scored) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert RECALL.value(scored) == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert BALANCED_ACCURACY.value(scored) == pytest.approx((1 / 2 + 1) / 2)


def test_the_positive_class_of_two_is_what_f1_is_about() -> None:
    # Class 1: 2 hits of 3 predicted and 2 actual; class 0: 1 hit of 1 predicted and 2 actual.
    for positive, expected in ((1, (2 / 3, 1.0, 4 / 5)), (0, (1.0, 1 / 2, 2 / 3))):
        scored = predicting([1, 1, 1, 0], 2, [1, 1, 0, 0], positive)
        assert (PRECISION.value(scored), RECALL.value(scored), F1.value(scored)) == pytest.approx(expected)
        logits = np.log(scored.probabilities + 0.1)
        assert evaluate(Predictions(logits=logits, labels=scored.labels, positive=positive))[
            "f1"
        ] == pytest.approx(expected[2])


def test_mcc_by_hand() -> None:
    # (TP·TN - FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)) with TP 2, TN 1, FP 1, FN 0.
    assert MCC.value(predicting([1, 1, 1, 0], 2, [1, 1, 0, 0])) == pytest.approx(2 / np.sqrt(3 * 2 * 2 * 1))
    assert MCC.value(predicting([0, 1], 2, [1, 0])) == -1.0


def test_a_constant_guess() -> None:
    scored = predicting([0, 0, 0, 0], 2, [0, 1, 0, 0])
    assert [metric.value(scored) for metric in (PRECISION, RECALL, F1, MCC)] == [0.0] * 4
    assert BALANCED_ACCURACY.value(scored) == 0.5
    one_class = predicting([0, 0, 0, 1], 2, [0, 0, 0, 0])
    assert (BALANCED_ACCURACY.value(one_class), MCC.value(one_class)) == (0.75, 0.0)


def test_ece_by_hand():
    # Confidences 0.9 (three, two of them right) and 0.6 (two, both right): 3/5·|0.9 − 2/3| + 2/5·|0.6 − 1|.
    logits = np.log([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.6, 0.4], [0.4, 0.6]])
    result = evaluate(Predictions(logits=logits, labels=np.array([0, 1, 1, 0, 1])))
    assert result["ece"] == pytest.approx(0.6 * (0.9 - 2 / 3) + 0.4 * 0.4, abs=1e-12)
