"""Metrics of label sets: each label is a yes-or-no question, and questions are averaged."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from whytrain.metrics.calibration import SMALLEST_PROBABILITY, as_loss, binned_calibration_error
from whytrain.metrics.checks import check_bins, check_label_sets
from whytrain.metrics.classification import Sums, f1, f1_of_classes, precision, ratio, recall, weighted_f1
from whytrain.metrics.metric import Mean, Metric, OfCounts, OfSums, Scored, ValueOnly
from whytrain.metrics.ranking import auroc, average_precision, rankings

Array = NDArray[np.float64]


def whole_set_right(scored: Scored) -> Array:
    """Return 1 for each row whose labels are all right, (n_rows,): its mean is the subset accuracy."""
    right: Array = (scored.predicted == scored.labels).all(axis=1).astype(np.float64)
    return right


def wrong_labels(scored: Scored) -> Array:
    """Return the share of wrong labels of each row, (n_rows,): its mean is the Hamming loss."""
    wrong: Array = (scored.predicted != scored.labels).mean(axis=1)
    return wrong


def label_counts(scored: Scored) -> Array:
    """Return what each row adds to the hits, predicted and actual members of each label.

    Returns:
        0 or 1, float64 (n_rows, 3, n_labels).
    """
    predicted, actual = scored.predicted, scored.labels
    return np.stack([predicted * actual, predicted, actual], axis=1).astype(np.float64)


def micro_f1(sums: Sums, positive: int | None) -> Array:
    """F1 of all labels' questions thrown together: 2·hits / (predicted + actual), each summed over labels."""
    totals = sums.sum(axis=-1)
    return ratio(2 * totals[..., 0], totals[..., 1] + totals[..., 2])


def label_nll(scored: Scored) -> Array:
    """Return the mean over labels of -ln of what the truth was given, (n_rows,)."""
    probabilities, labels = check_label_sets(scored.probabilities, scored.labels)
    of_truth = np.where(labels == 1, probabilities, 1 - probabilities).astype(np.float64)
    nll: Array = -np.log(np.clip(of_truth, SMALLEST_PROBABILITY, 1.0)).mean(axis=1)
    return nll


def label_brier(scored: Scored) -> Array:
    """Return the mean over labels of (p - y)², (n_rows,)."""
    probabilities, labels = check_label_sets(scored.probabilities, scored.labels)
    brier: Array = np.square(probabilities.astype(np.float64) - labels).mean(axis=1)
    return brier


def label_calibration_errors(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64], n_bins: int = 15
) -> Array:
    """Expected calibration error of each label: Σ_b (n_b / n)·|share with the label in b - mean p in b|.

    The probability of the label itself is binned, from 0 to 1, unlike the confidence in a decision: a label
    that is rare is judged where its probabilities are, near 0. Bins as in `expected_calibration_error`.

    Args:
        probabilities: floating (n, n_labels).
        labels: 0 or 1, int64 (n, n_labels).
        n_bins: number of bins on [0, 1].

    Returns:
        float64 (n_labels,), in [0, 1].

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if n_bins < 1.
    """
    check_bins(n_bins)
    array, sets = check_label_sets(probabilities, labels)
    return np.array(
        [binned_calibration_error(p, y, n_bins) for p, y in zip(array.T, sets.T, strict=True)], np.float64
    )


def scores_by_label(scored: Scored) -> dict[str, Array]:
    """Return what each label scores by itself, float64 (n_labels,) each.

    `support` (rows with the label), `predicted`, `precision`, `recall`, `f1` (0 where there is nothing to
    divide by), `ece`.
    """
    sums = label_counts(scored).sum(axis=0)
    hits, predicted, actual = sums
    return {
        "support": actual,
        "predicted": predicted,
        "precision": ratio(hits, predicted),
        "recall": ratio(hits, actual),
        "f1": f1_of_classes(sums),
        "ece": label_calibration_errors(scored.probabilities, scored.labels),
    }


def _mean_calibration_error(scored: Scored) -> float:
    return float(label_calibration_errors(scored.probabilities, scored.labels).mean())


def _right_of_all(scored: Scored) -> tuple[int, int]:
    return int(whole_set_right(scored).sum()), scored.n_rows


SUBSET_ACCURACY = Metric(
    name="accuracy",
    label="subset accuracy",
    meaning="Share of rows whose whole set of labels is right.",
    unit="share",
    higher_is_better=True,
    form=Mean(whole_set_right),
    proportion=_right_of_all,
    compared=True,
)
MACRO_F1 = Metric(
    name="f1",
    label="macro F1",
    meaning="Mean over labels of the harmonic mean of precision and recall.",
    unit="share",
    higher_is_better=True,
    form=OfSums(label_counts, f1),
    compared=True,
)
MICRO_F1 = Metric(
    name="micro_f1",
    label="micro F1",
    meaning="F1 over all questions “has this row this label?” thrown together.",
    unit="share",
    higher_is_better=True,
    form=OfSums(label_counts, micro_f1),
    compared=True,
)
MACRO_PRECISION = Metric(
    name="precision",
    label="macro precision",
    meaning="Mean over labels: of the rows predicted to have it, the share that has it.",
    unit="share",
    higher_is_better=True,
    form=OfSums(label_counts, precision),
)
MACRO_RECALL = Metric(
    name="recall",
    label="macro recall",
    meaning="Mean over labels: of the rows that have it, the share predicted to.",
    unit="share",
    higher_is_better=True,
    form=OfSums(label_counts, recall),
)
LABEL_WEIGHTED_F1 = Metric(
    name="weighted_f1",
    label="weighted F1",
    meaning="Mean F1 of the labels, each weighted by its rows.",
    unit="share",
    higher_is_better=True,
    form=OfSums(label_counts, weighted_f1),
)
HAMMING = Metric(
    name="hamming",
    label="Hamming loss",
    meaning="Share of wrong decisions among all rows and labels.",
    unit="share",
    higher_is_better=False,
    form=Mean(wrong_labels),
    compared=True,
)
MACRO_AUROC = Metric(
    name="auroc",
    label="macro AUROC",
    meaning="Mean over labels: how often a row that has it is ranked above one that has not.",
    unit="share",
    higher_is_better=True,
    form=OfCounts(rankings, auroc),
    compared=True,
)
MACRO_AVERAGE_PRECISION = Metric(
    name="average_precision",
    label="macro average precision",
    meaning="Mean over labels of the mean precision over the rows that have it.",
    unit="share",
    higher_is_better=True,
    form=OfCounts(rankings, average_precision),
    compared=True,
)
LABEL_NLL = Metric(
    name="nll",
    label="NLL per label",
    meaning="Mean −ln of the probability given to what holds of a label, over rows and labels.",
    unit="nats",
    higher_is_better=False,
    highest=math.inf,
    form=Mean(label_nll),
    compared=True,
)
LABEL_LOSS = as_loss(LABEL_NLL)
LABEL_BRIER = Metric(
    name="brier",
    label="Brier score per label",
    meaning="Mean squared distance of a label's probability from 0 or 1, over rows and labels.",
    unit="score",
    higher_is_better=False,
    form=Mean(label_brier),
    compared=True,
)
LABEL_ECE = Metric(
    name="ece",
    label="mean ECE of labels",
    meaning="Mean over labels of the distance between probability and frequency over bins.",
    unit="share",
    higher_is_better=False,
    form=ValueOnly(_mean_calibration_error),
)

MULTILABEL_METRICS = (
    SUBSET_ACCURACY,
    MACRO_F1,
    MICRO_F1,
    MACRO_PRECISION,
    MACRO_RECALL,
    LABEL_WEIGHTED_F1,
    HAMMING,
    MACRO_AUROC,
    MACRO_AVERAGE_PRECISION,
    LABEL_LOSS,
    LABEL_NLL,
    LABEL_BRIER,
    LABEL_ECE,
)
