"""Conformal sets: the classes that cannot be ruled out, with a guaranteed coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import ConfigError, DataError
from whytrain.metrics.checks import check_probabilities, check_scored
from whytrain.statistics.intervals import Interval, check_level


@dataclass(frozen=True, kw_only=True)
class ConformalThresholds:
    """Which classes a prediction set holds: those whose score 1 - p is at most the threshold.

    Attributes:
        alpha: the share of sets that may miss the label, in (0, 1).
        thresholds: float64 (n_classes,), in [0, 1]; infinite where too few rows allow no exclusion.
        n_rows: int64 (n_classes,), calibration rows that each threshold rests on.
    """

    alpha: float
    thresholds: NDArray[np.float64]
    n_rows: NDArray[np.int64]


def lac_thresholds(probabilities: ArrayLike, labels: ArrayLike, alpha: float = 0.1) -> ConformalThresholds:
    """Split conformal sets: one threshold for all classes, P(label in set) ≥ 1 - α on average.

    The threshold is the ⌈(n + 1)(1 - α)⌉-th smallest score 1 - p_y of the calibration slice. The guarantee
    needs rows that are exchangeable with those it is used on and that no fit has seen, the model's or, for
    more than two classes, the temperature's (see `calibrate`).

    Args:
        probabilities: floating (n, n_classes) of the calibration slice, rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        alpha: the share of sets that may miss the label, in (0, 1).

    Returns:
        The thresholds, all equal; infinite if n < 1/α - 1.

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if alpha is outside (0, 1).

    References:
        Sadinle, Lei & Wasserman (2019), Least Ambiguous Set-Valued Classifiers with Bounded Error Levels;
        Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World, chapter 4.

    Example:
        >>> p = np.array([0.9, 0.8, 0.7, 0.6])  # of the label: the 4th smallest of 4 scores is 0.4
        >>> lac_thresholds(np.stack([1 - p, p], axis=1), [1, 1, 1, 1], alpha=0.25).thresholds.tolist()
        [0.4, 0.4]
    """
    scores, classes, n_classes = _label_scores(probabilities, labels)
    threshold = _conformal_quantile(scores, alpha)
    return ConformalThresholds(
        alpha=alpha,
        thresholds=np.full(n_classes, threshold),
        n_rows=np.full(n_classes, classes.size),
    )


def class_conditional_thresholds(
    probabilities: ArrayLike, labels: ArrayLike, alpha: float = 0.1
) -> ConformalThresholds:
    """Conformal sets with a threshold per class: P(label in set | label = c) ≥ 1 - α for every class c.

    Each threshold is the quantile of `lac_thresholds` over the rows of its class alone. A class with fewer
    than 1/α - 1 rows is in every set: nothing is known that could exclude it.

    Args:
        probabilities: floating (n, n_classes) of the calibration slice, rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        alpha: the share of sets of each class that may miss it, in (0, 1).

    Returns:
        The thresholds.

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if alpha is outside (0, 1).

    References:
        Vovk (2012), Conditional Validity of Inductive Conformal Predictors (label-conditional).
    """
    scores, classes, n_classes = _label_scores(probabilities, labels)
    return ConformalThresholds(
        alpha=alpha,
        thresholds=np.array([_conformal_quantile(scores[classes == c], alpha) for c in range(n_classes)]),
        n_rows=np.bincount(classes, minlength=n_classes),
    )


def prediction_sets(probabilities: ArrayLike, conformal: ConformalThresholds) -> NDArray[np.bool_]:
    """Return which classes are in each row's set, bool (n, n_classes).

    Args:
        probabilities: floating (n, n_classes), made in the same way as the calibration slice's.
        conformal: the thresholds.

    Raises:
        DataError: if probabilities are not as described or have another number of classes.
    """
    array = check_probabilities(probabilities).astype(np.float64)
    if array.shape[1] != conformal.thresholds.size:
        raise DataError(
            f"Expected probabilities of the {conformal.thresholds.size} classes that the sets were "
            f"calibrated on, got {array.shape[1]} columns."
        )
    sets: NDArray[np.bool_] = 1 - array <= conformal.thresholds
    return sets


def coverage_range(n_rows: int, n_test: int, alpha: float, level: float = 0.95) -> Interval:
    """Interval in which the share of covered test labels lies if the rows are exchangeable.

    The number covered is beta-binomial: n_test draws with a probability from Beta(k, n + 1 - k),
    k = ⌈(n + 1)(1 - α)⌉. A coverage outside tells of a calibration slice that is not like the test set.

    Args:
        n_rows: n, calibration rows behind the threshold.
        n_test: rows of the test set.
        alpha: the share of sets that may miss the label, in (0, 1).
        level: probability that the interval holds, in (0, 1).

    Returns:
        The expected coverage k / (n + 1) with the interval; 1 throughout if n < 1/α - 1.

    Raises:
        DataError: without test rows.
        ConfigError: if alpha or level is outside (0, 1).

    References:
        Vovk (2012), Conditional Validity of Inductive Conformal Predictors; Angelopoulos & Bates (2023),
        Conformal Prediction: A Gentle Introduction.

    Example:
        >>> seen = coverage_range(1000, 872, 0.1)
        >>> round(seen.estimate, 4), round(seen.low, 3), round(seen.high, 3)
        (0.9001, 0.872, 0.927)
    """
    from scipy import stats  # takes half a second that explaining a text does without

    check_level(level)
    if n_test < 1:
        raise DataError(f"A coverage needs at least 1 test row, got {n_test}.")
    rank = _rank(n_rows, alpha)
    if rank > n_rows:
        return Interval(estimate=1.0, low=1.0, high=1.0, level=level)
    covered = stats.betabinom(n_test, rank, n_rows + 1 - rank)
    low, high = (float(covered.ppf(q)) / n_test for q in ((1 - level) / 2, (1 + level) / 2))
    return Interval(estimate=rank / (n_rows + 1), low=low, high=high, level=level)


def _label_scores(
    probabilities: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
    array, classes = check_scored(probabilities, labels)
    return 1 - array[np.arange(classes.size), classes].astype(np.float64), classes, array.shape[1]


def _rank(n_rows: int, alpha: float) -> int:
    if not 0 < alpha < 1:
        raise ConfigError(f"Expected alpha between 0 and 1 (0.1 for 90% coverage), got {alpha}.")
    # (n + 1)(1 - α) may be a whole number that rounding puts just above itself.
    return int(np.ceil((n_rows + 1) * (1 - alpha) - 1e-9))


def _conformal_quantile(scores: NDArray[np.float64], alpha: float) -> float:
    rank = _rank(scores.size, alpha)
    if rank > scores.size:
        return float("inf")
    return float(np.partition(scores, rank - 1)[rank - 1])
