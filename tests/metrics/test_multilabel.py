"""Metrics of label sets against scikit-learn, on whole and on resampled rows, and by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from whytrain.errors import DataError
from whytrain.metrics import (
    METRICS,
    MULTILABEL_METRICS,
    Mean,
    OfCounts,
    OfSums,
    Scored,
    evaluate,
    metrics_for,
    right_rows,
    scores_by_label,
)
from whytrain.metrics.multilabel import label_calibration_errors
from whytrain.statistics.paired_bootstrap import paired_bootstrap
from whytrain.types import Predictions

ORACLES: dict[str, Callable[..., float]] = {
    "accuracy": lambda y, p: sk.accuracy_score(y, p > 0.5),
    "f1": lambda y, p: sk.f1_score(y, p > 0.5, average="macro"),
    "micro_f1": lambda y, p: sk.f1_score(y, p > 0.5, average="micro", zero_division=0),
    "precision": lambda y, p: sk.precision_score(y, p > 0.5, average="macro", zero_division=0),
    "recall": lambda y, p: sk.recall_score(y, p > 0.5, average="macro", zero_division=0),
    "weighted_f1": lambda y, p: sk.f1_score(y, p > 0.5, average="weighted", zero_division=0),
    "hamming": lambda y, p: sk.hamming_loss(y, p > 0.5),
    "auroc": lambda y, p: sk.roc_auc_score(y, p, average="macro"),
    "average_precision": lambda y, p: sk.average_precision_score(y, p, average="macro"),
    "nll": lambda y, p: float(np.mean([sk.log_loss(y[:, k], p[:, k]) for k in range(y.shape[1])])),
    "loss": lambda y, p: float(np.mean([sk.log_loss(y[:, k], p[:, k]) for k in range(y.shape[1])])),
    "brier": lambda y, p: float(np.mean([sk.brier_score_loss(y[:, k], p[:, k]) for k in range(y.shape[1])])),
}


def some_rows(seed: int, n_rows: int, n_labels: int) -> Scored:
    """Rows among which every label is there and not there, so that scikit-learn defines all metrics."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, (n_rows, n_labels))
    labels[0], labels[1] = 0, 1
    # Few distinct values make ties; no 0.5, 0 or 1, where thresholds and logarithms have edges of their own.
    probabilities = generator.choice([0.1, 0.2, 0.4, 0.6, 0.9], (n_rows, n_labels))
    return Scored(probabilities=probabilities, labels=labels)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n_rows=st.integers(4, 40), n_labels=st.integers(2, 5))
def test_every_metric_equals_scikit_learn(seed: int, n_rows: int, n_labels: int) -> None:
    scored = some_rows(seed, n_rows, n_labels)
    names = {metric.name for metric in MULTILABEL_METRICS}
    assert names == {*ORACLES, "ece"}
    for metric in MULTILABEL_METRICS:
        if metric.name in ORACLES:
            expected = ORACLES[metric.name](scored.labels, scored.probabilities)
            assert metric.value(scored) == pytest.approx(expected, abs=1e-12), metric.name


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_resampled_rows_are_rows_drawn_several_times(seed: int) -> None:
    scored = some_rows(seed, 12, 3)
    counts = np.random.default_rng(seed).multinomial(12, np.full(12, 1 / 12), size=2).astype(float)
    for metric in MULTILABEL_METRICS:
        for drawn in counts:
            rows = np.repeat(np.arange(12), drawn.astype(int))
            again = metric.value(Scored(probabilities=scored.probabilities[rows], labels=scored.labels[rows]))
            if isinstance(metric.form, Mean):
                found = float(drawn @ metric.form.terms(scored) / 12)
            elif isinstance(metric.form, OfSums):
                sums = np.tensordot(drawn, metric.form.terms(scored), axes=1)
                found = float(metric.form.of_sums(sums, scored.positive_of_two))
            elif isinstance(metric.form, OfCounts):
                found = float(metric.form.of_drawn(metric.form.drawn(scored, drawn[None]))[0])
            else:
                continue
            assert found == pytest.approx(again, abs=1e-12, nan_ok=True), metric.name


def test_by_hand() -> None:
    labels = np.array([[1, 0], [1, 1], [0, 0], [0, 1]])
    probabilities = np.array([[0.9, 0.1], [0.9, 0.4], [0.6, 0.1], [0.1, 0.9]])
    values = evaluate(Predictions(logits=np.log(probabilities / (1 - probabilities)), labels=labels))
    # Rows 0 and 3 are wholly right; label 0: 2 hits of 3 predicted, 2 actual; label 1: 1 of 1, of 2.
    assert values["accuracy"] == 0.5
    assert values["hamming"] == 2 / 8
    assert values["precision"] == pytest.approx((2 / 3 + 1) / 2)
    assert values["recall"] == pytest.approx((1 + 1 / 2) / 2)
    assert values["f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert values["micro_f1"] == pytest.approx(2 * 3 / (4 + 4))
    # Label 0: |Σ(y - p)| is 0.2 at 0.9, 0.6 at 0.6, 0.1 at 0.1; label 1: 0.2 at 0.1, 0.6 at 0.4, 0.1 at 0.9.
    assert values["ece"] == pytest.approx(0.9 / 4)
    scores = scores_by_label(Scored(probabilities=probabilities, labels=labels))
    assert scores["support"].tolist() == [2, 2]
    assert scores["predicted"].tolist() == [3, 1]
    assert scores["f1"] == pytest.approx([4 / 5, 2 / 3])
    assert scores["ece"] == pytest.approx([0.9 / 4, 0.9 / 4])
    assert right_rows(probabilities, labels).tolist() == [True, False, False, True]


def test_a_label_that_nobody_has_and_nobody_predicts_is_left_out_of_macro_means() -> None:
    labels = np.array([[1, 0], [0, 0]])
    scored = Scored(probabilities=np.array([[0.9, 0.1], [0.2, 0.1]]), labels=labels)
    values = {metric.name: metric.value(scored) for metric in MULTILABEL_METRICS}
    assert values["f1"] == values["precision"] == values["recall"] == 1.0
    assert values["auroc"] == 1.0


def test_rows_without_any_label_rank_nothing() -> None:
    scored = Scored(probabilities=np.array([[0.9, 0.1], [0.2, 0.1]]), labels=np.zeros((2, 2), dtype=np.int64))
    values = {metric.name: metric.value(scored) for metric in MULTILABEL_METRICS}
    assert np.isnan(values["auroc"])
    assert np.isnan(values["average_precision"])
    assert values["f1"] == 0.0


def test_calibration_errors_are_of_the_label_itself() -> None:
    # A rare label with honest small probabilities is calibrated: 1 of 10 rows at p = 0.1.
    labels = np.zeros((10, 2), dtype=np.int64)
    labels[0] = 1
    probabilities = np.stack([np.full(10, 0.1), np.full(10, 0.6)], axis=1)
    assert label_calibration_errors(probabilities, labels) == pytest.approx([0.0, 0.5])


def test_metrics_fit_the_labels() -> None:
    assert metrics_for(np.zeros(3)) == METRICS
    assert metrics_for(np.zeros((3, 2))) == MULTILABEL_METRICS


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [
        ([[0.1, 1.2]], [[0, 1]]),
        ([[0.1, np.nan]], [[0, 1]]),
        ([[0.1, 0.2]], [[0, 2]]),
        ([[0.1, 0.2, 0.3]], [[0, 1]]),
    ],
)
def test_what_is_no_label_set_is_refused(probabilities: list, labels: list) -> None:
    with pytest.raises(DataError, match="Expected"):
        label_calibration_errors(np.array(probabilities), np.array(labels))


def test_a_better_run_is_told_from_a_worse_one_and_a_run_from_itself_is_not() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, (80, 3))
    good = np.where(generator.random((80, 3)) < 0.9, labels, 1 - labels) * 0.8 + 0.1
    bad = np.where(generator.random((80, 3)) < 0.6, labels, 1 - labels) * 0.8 + 0.1
    compared = [metric for metric in MULTILABEL_METRICS if metric.compared]
    found = paired_bootstrap(bad, good, labels, metrics=compared, n_resamples=400)
    assert all((d.difference.low > 0) == d.metric.higher_is_better for d in found.differences)
    same = paired_bootstrap(good, good, labels, metrics=compared, n_resamples=50)
    accuracy, *others = (d.difference for d in same.differences)
    # No row of 80 differs: of all rows at most 3.7% do, or that were seen in fewer than one of 20 such samples.
    assert (accuracy.low, accuracy.high) == pytest.approx((-(1 - 0.05 ** (1 / 80)), 1 - 0.05 ** (1 / 80)))
    assert all((change.low, change.high) == (0.0, 0.0) for change in others)
