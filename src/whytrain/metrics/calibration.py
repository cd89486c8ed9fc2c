"""Metrics of the probabilities: proper scores, calibration error; and entropy."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.metrics.checks import check_bins, check_probabilities, check_scored
from whytrain.metrics.metric import Mean, Metric, Scored, ValueOnly

# A label given probability exactly 0 counts as this much, so that one row does not make the mean infinite.
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True)
class ReliabilityBins:
    """Confidence against accuracy, bin by bin.

    Attributes:
        edges: float64 (n_bins + 1,), i / n_bins; bin i is (edges[i], edges[i + 1]], 0 joins the first.
        counts: int64 (n_bins,), rows in each bin.
        confidence: float64 (n_bins,), mean confidence; NaN in an empty bin.
        accuracy: float64 (n_bins,), share of correct predictions; NaN in an empty bin.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def top_label(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Return the confidence (n,) in the predicted class and whether it is correct (n,).

    The predicted class has the largest probability, the first one of equals; the confidence is its
    probability, in the precision that came.
    """
    array, classes = check_scored(probabilities, labels)
    return array.max(axis=1), array.argmax(axis=1) == classes


def bin_index(confidence: NDArray[np.floating], n_bins: int) -> NDArray[np.int64]:
    """Return the bin of each confidence: i for (i/n, (i+1)/n], 0 for a confidence of 0.

    The inner edges are the nearest numbers to i/n in the confidence's own precision: 0.6 lies on the edge
    3/5 and so belongs to the bin below it in float32 as in float64.
    """
    check_bins(n_bins)
    inner = (np.arange(1, n_bins) / n_bins).astype(confidence.dtype)
    return np.searchsorted(inner, confidence, side="left")


def reliability_bins(probabilities: ArrayLike, labels: ArrayLike, n_bins: int = 15) -> ReliabilityBins:
    """Group rows by confidence into equal-width, right-closed bins.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        n_bins: number of bins on [0, 1].

    Returns:
        Counts, mean confidence and accuracy per bin.

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if n_bins < 1.
    """
    confidence, correct = top_label(probabilities, labels)
    index = bin_index(confidence, n_bins)
    counts = np.bincount(index, minlength=n_bins)
    nonempty = np.where(counts > 0, counts, np.nan)
    return ReliabilityBins(
        edges=np.arange(n_bins + 1) / n_bins,
        counts=counts,
        confidence=np.bincount(index, weights=confidence, minlength=n_bins) / nonempty,
        accuracy=np.bincount(index, weights=correct, minlength=n_bins) / nonempty,
    )


def expected_calibration_error(probabilities: ArrayLike, labels: ArrayLike, n_bins: int = 15) -> float:
    """Expected calibration error of the predicted class: Σ_b (n_b / n)·|acc(b) - conf(b)|.

    Bins are of equal width and closed on the right, (i/n, (i+1)/n]; a confidence of 0 joins the first one,
    empty bins count nothing. It is biased upward, most with few rows: compare with `ece_noise_floor`.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        n_bins: number of bins on [0, 1].

    Returns:
        A value in [0, 1].

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if n_bins < 1.

    References:
        Guo et al. (2017), On Calibration of Modern Neural Networks, equation 3.

    Example:
        >>> probabilities = [[0.1, 0.9], [0.1, 0.9], [0.4, 0.6]]
        >>> round(expected_calibration_error(probabilities, [1, 0, 1]), 10)  # (2·0.4 + 0.4) / 3
        0.4
    """
    confidence, correct = top_label(probabilities, labels)
    return binned_calibration_error(confidence, correct, n_bins)


def binned_calibration_error(
    probabilities: NDArray[np.floating], outcomes: NDArray[Any], n_bins: int
) -> float:
    """Return Σ_b (n_b / n)·|share of outcomes in b - mean p in b|, with bins as of `bin_index`.

    Args:
        probabilities: floating (n,), of one event in each row.
        outcomes: 0 or 1, or bool (n,), whether it came.
        n_bins: number of bins on [0, 1].
    """
    gaps = outcomes - probabilities.astype(np.float64)
    of_bins = np.bincount(bin_index(probabilities, n_bins), weights=gaps, minlength=n_bins)
    return float(np.abs(of_bins).sum() / len(probabilities))


def calibration_terms(
    confidence: NDArray[np.floating], right: NDArray[np.floating], n_bins: int = 15
) -> NDArray[np.float64]:
    """Return right − confidence of each row in the column of its bin, float64 (n, n_bins), 0 elsewhere.

    The expected calibration error is Σ over columns of |mean|: a resample of rows costs a matrix product.

    Args:
        confidence: float64 (n,), in the predicted class.
        right: float64 (n,), 1 where it is the label.
        n_bins: number of bins on [0, 1].
    """
    terms = np.zeros((len(confidence), n_bins))
    terms[np.arange(len(confidence)), bin_index(confidence, n_bins)] = right - confidence
    return terms


def brier_per_row(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Return Σ_c (p_c - 1[c = y])² of each row, float64 (n,), in [0, 2]."""
    array, classes = check_scored(probabilities, labels)
    residual = array.astype(np.float64)
    residual[np.arange(len(classes)), classes] -= 1
    score: NDArray[np.float64] = np.square(residual).sum(axis=1)
    return score


def brier_score(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Brier score, summed over the classes: mean of Σ_c (p_c - 1[c = y])².

    Between 0 and 2; with two classes it is twice the one-column score (p - y)² of other libraries.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.

    Returns:
        The score; smaller is better.

    Raises:
        DataError: if probabilities or labels are not as described.

    References:
        Brier (1950), Verification of Forecasts Expressed in Terms of Probability.

    Example:
        >>> round(brier_score([[0.2, 0.8], [0.5, 0.5]], [1, 0]), 10)  # (2·0.04 + 2·0.25) / 2
        0.29
    """
    return float(brier_per_row(probabilities, labels).mean())


def nll_per_row(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Return -ln p_y of each row, float64 (n,); p_y = 0 counts as 2.2e-16, which gives 36.04."""
    array, classes = check_scored(probabilities, labels)
    of_label = array[np.arange(len(classes)), classes].astype(np.float64)
    return -np.log(np.clip(of_label, SMALLEST_PROBABILITY, 1.0))


def negative_log_likelihood(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Negative log-likelihood, mean of -ln p_y, in nats.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.

    Returns:
        The score, 0 at best; a label with probability exactly 0 counts 36.04 (p = 2.2e-16).

    Raises:
        DataError: if probabilities or labels are not as described.

    Example:
        >>> round(negative_log_likelihood([[0.5, 0.5], [0.0, 1.0]], [0, 1]), 6)  # ln 2 / 2
        0.346574
    """
    return float(nll_per_row(probabilities, labels).mean())


def entropy(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Shannon entropy -Σ_c p_c ln p_c of each row, in nats, with 0·ln 0 = 0.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.

    Returns:
        float64 (n,), in [0, ln n_classes].

    Raises:
        DataError: if probabilities are not as described.

    Example:
        >>> entropy([[0.5, 0.5], [1.0, 0.0]]).round(6).tolist()
        [0.693147, 0.0]
    """
    array = check_probabilities(probabilities).astype(np.float64)
    logs = np.log(array, out=np.zeros_like(array), where=array > 0)
    nats: NDArray[np.float64] = np.abs((array * logs).sum(axis=1))  # abs: no -0.0 for a sure row
    return nats


def _nll_terms(scored: Scored) -> NDArray[np.float64]:
    return nll_per_row(scored.probabilities, scored.labels)


def _brier_terms(scored: Scored) -> NDArray[np.float64]:
    return brier_per_row(scored.probabilities, scored.labels)


def _calibration_error(scored: Scored) -> float:
    return expected_calibration_error(scored.probabilities, scored.labels)


def as_loss(nll: Metric) -> Metric:
    """Return the same number under the name of what training minimizes, which may have further terms."""
    return replace(
        nll,
        name="loss",
        label="loss",
        meaning="The same number beside the training's loss, which may have further terms.",
        shown=False,
        compared=False,
    )


NLL = Metric(
    name="nll",
    label="NLL",
    meaning="Mean −ln of the probability given to the label.",
    unit="nats",
    higher_is_better=False,
    highest=math.inf,
    form=Mean(_nll_terms),
    compared=True,
)
LOSS = as_loss(NLL)
BRIER = Metric(
    name="brier",
    label="Brier score",
    meaning="Mean squared distance of the probabilities from the label, summed over classes.",
    unit="score",
    higher_is_better=False,
    highest=2.0,
    form=Mean(_brier_terms),
    compared=True,
)
# Resamples have larger gaps than the rows they come from: a bootstrap interval would lie too high.
ECE = Metric(
    name="ece",
    label="ECE",
    meaning="Mean distance between confidence and accuracy over bins of confidence.",
    unit="share",
    higher_is_better=False,
    form=ValueOnly(_calibration_error),
)
