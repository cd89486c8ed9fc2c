"""Metrics of the predicted class: accuracy, F1, precision, recall, balanced accuracy, MCC."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whytrain.metrics.metric import Mean, Metric, OfSums, Scored

Sums = NDArray[np.float64]  # (…, 3, n_classes): hits, predicted and actual members of each class


def right(scored: Scored) -> NDArray[np.float64]:
    """Return 1 for each row whose predicted class is right, (n_rows,)."""
    is_right: NDArray[np.float64] = (scored.predicted == scored.labels).astype(np.float64)
    return is_right


def class_counts(scored: Scored) -> NDArray[np.float64]:
    """Return what each row adds to the hits, predicted and actual members of each class.

    All metrics of the confusion matrix are functions of their sums.

    Returns:
        0 or 1, float64 (n_rows, 3, n_classes).
    """
    classes = np.arange(scored.n_classes)
    predicted, actual = scored.predicted[:, None] == classes, scored.labels[:, None] == classes
    return np.stack([predicted & actual, predicted, actual], axis=1).astype(np.float64)


def precision(sums: Sums, positive: int | None) -> NDArray[np.float64]:
    """Hits / predicted members of a class, 0 for one that is never predicted; see `macro`."""
    return macro(ratio(sums[..., 0, :], sums[..., 1, :]), sums, positive)


def recall(sums: Sums, positive: int | None) -> NDArray[np.float64]:
    """Hits / actual members of a class, 0 for one that has none; see `macro`."""
    return macro(ratio(sums[..., 0, :], sums[..., 2, :]), sums, positive)


def f1(sums: Sums, positive: int | None) -> NDArray[np.float64]:
    """2·hits / (predicted + actual members), the harmonic mean of precision and recall; see `macro`."""
    return macro(f1_of_classes(sums), sums, positive)


def macro(of_classes: NDArray[np.float64], sums: Sums, positive: int | None) -> NDArray[np.float64]:
    """Return the positive class's value of two classes; of more the mean over the classes that occur.

    A class occurs where it is the gold or the predicted class of a row. That is scikit-learn's default
    (`labels=None`: the union of y_true and y_pred): a class that is known and nowhere to be seen is left
    out, one that is predicted without being there counts, with a recall of 0. It is 0 where none occurs.

    Args:
        of_classes: float64 (…, n_classes), 0 for classes that do not occur.
        sums: of `class_counts`.
        positive: index of the positive class of two; None for more.
    """
    if positive is not None:
        return of_classes[..., positive]
    n_occurring = ((sums[..., 1, :] + sums[..., 2, :]) > 0).sum(axis=-1)
    mean: NDArray[np.float64] = of_classes.sum(axis=-1) / np.maximum(n_occurring, 1)
    return mean


def weighted_f1(sums: Sums, positive: int | None) -> NDArray[np.float64]:
    """F1 of every class, each weighted by its number of actual members."""
    actual = sums[..., 2, :]
    return ratio((f1_of_classes(sums) * actual).sum(axis=-1), actual.sum(axis=-1))


def balanced_accuracy(sums: Sums, positive: int | None) -> NDArray[np.float64]:
    """Mean recall over the classes that have members, of two classes too.

    A constant guess scores 1 / n_classes whatever the class shares; with members of one class only it is
    that class's recall. A class that is predicted without being there is no part of the mean.
    """
    actual = sums[..., 2, :]
    n_actual = (actual > 0).sum(axis=-1)
    mean: NDArray[np.float64] = ratio(sums[..., 0, :], actual).sum(axis=-1) / np.maximum(n_actual, 1)
    return mean


def matthews_correlation(sums: Sums, positive: int | None) -> NDArray[np.float64]:
    """Matthews correlation of gold and predicted class, Gorodkin's R_K for any number of classes.

    (c·n - Σ p_k·a_k) / √((n² - Σ p_k²)·(n² - Σ a_k²)), c right answers of n, p_k predicted and a_k actual
    members of class k. 0 where all predictions, or all gold classes, are the same: a constant correlates
    with nothing.

    References:
        Gorodkin (2004), Comparing two K-category assignments by a K-category correlation coefficient.
    """
    hits, predicted, actual = (sums[..., k, :] for k in range(3))
    n = actual.sum(axis=-1)
    covariance = hits.sum(axis=-1) * n - (predicted * actual).sum(axis=-1)
    spread = (n**2 - (predicted**2).sum(axis=-1)) * (n**2 - (actual**2).sum(axis=-1))
    return ratio(covariance, np.sqrt(spread))


def f1_of_classes(sums: Sums) -> NDArray[np.float64]:
    """Return F1 of each class, (…, n_classes); 0 for one that is neither predicted nor there."""
    return ratio(2 * sums[..., 0, :], sums[..., 1, :] + sums[..., 2, :])


def ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; 0 where there is nothing to divide by."""
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=denominator > 0)


def _right_of_all(scored: Scored) -> tuple[int, int]:
    return int((scored.predicted == scored.labels).sum()), scored.n_rows


def _hits_of_predicted(scored: Scored) -> tuple[int, int] | None:
    return _hits_among(scored, scored.predicted)


def _hits_of_actual(scored: Scored) -> tuple[int, int] | None:
    return _hits_among(scored, scored.labels)


def _hits_among(scored: Scored, classes: NDArray[np.int64]) -> tuple[int, int] | None:
    """Return hits of the positive class, and the rows whose class here is the positive one."""
    positive = scored.positive_of_two
    if positive is None:
        return None
    among = classes == positive
    return int((among & (scored.predicted == scored.labels)).sum()), int(among.sum())


ACCURACY = Metric(
    name="accuracy",
    label="accuracy",
    meaning="Share of rows whose predicted class is the label.",
    unit="share",
    higher_is_better=True,
    form=Mean(right),
    proportion=_right_of_all,
    compared=True,
)
F1 = Metric(
    name="f1",
    label="F1",
    meaning="Harmonic mean of precision and recall.",
    unit="share",
    higher_is_better=True,
    form=OfSums(class_counts, f1),
    of_positive=True,
    compared=True,
)
PRECISION = Metric(
    name="precision",
    label="precision",
    meaning="Of the rows predicted as a class, the share that is of it.",
    unit="share",
    higher_is_better=True,
    form=OfSums(class_counts, precision),
    of_positive=True,
    proportion=_hits_of_predicted,
)
RECALL = Metric(
    name="recall",
    label="recall",
    meaning="Of the rows of a class, the share predicted as it.",
    unit="share",
    higher_is_better=True,
    form=OfSums(class_counts, recall),
    of_positive=True,
    proportion=_hits_of_actual,
)
WEIGHTED_F1 = Metric(
    name="weighted_f1",
    label="weighted F1",
    meaning="Mean F1 of the classes, each weighted by its rows.",
    unit="share",
    higher_is_better=True,
    form=OfSums(class_counts, weighted_f1),
)
BALANCED_ACCURACY = Metric(
    name="balanced_accuracy",
    label="balanced accuracy",
    meaning="Mean recall of the classes: rare ones count as much as frequent ones.",
    unit="share",
    higher_is_better=True,
    form=OfSums(class_counts, balanced_accuracy),
    compared=True,
)
MCC = Metric(
    name="mcc",
    label="MCC",
    meaning="Correlation of predicted and true class; 0 for a constant answer.",
    unit="score",
    higher_is_better=True,
    lowest=-1.0,
    form=OfSums(class_counts, matthews_correlation),
    compared=True,
)
