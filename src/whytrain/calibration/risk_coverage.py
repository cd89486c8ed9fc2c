"""Risk against coverage: the error rate among the predictions that the model is surest of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.metrics.calibration import top_label


@dataclass(frozen=True, kw_only=True)
class RiskCoverage:
    """One point per number of accepted rows, surest first.

    Attributes:
        coverage: float64 (n,), k / n.
        risk: float64 (n,), error rate among the k surest rows.
        confidence: float64 (n,), confidence of the k-th surest row.
    """

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    confidence: NDArray[np.float64]


def risk_coverage(probabilities: ArrayLike, labels: ArrayLike) -> RiskCoverage:
    """Return the risk-coverage curve of rejecting the least confident predictions.

    Rows of equal confidence come in no order: each counts the error rate of its ties, the expectation over
    random orders.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.

    Returns:
        The curve.

    Raises:
        DataError: if probabilities or labels are not as described.
    """
    confidence, correct = top_label(probabilities, labels)
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order].astype(np.float64)
    _, ties, counts = np.unique(-ranked, return_inverse=True, return_counts=True)
    error = (np.bincount(ties, weights=~correct[order]) / counts)[ties]
    accepted = np.arange(1, ranked.size + 1)
    return RiskCoverage(coverage=accepted / ranked.size, risk=np.cumsum(error) / accepted, confidence=ranked)


def area_under_risk_coverage(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Area under the risk-coverage curve: mean over k of the error rate among the k surest rows.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.

    Returns:
        A value in [0, 1], 0 for a model without errors; the error rate itself if confidence says nothing.

    Raises:
        DataError: if probabilities or labels are not as described.

    References:
        Geifman, Uziel & El-Yaniv (2019), Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers.

    Example:
        >>> area_under_risk_coverage([[0.1, 0.9], [0.4, 0.6]], [1, 0])  # risks 0 and 1/2
        0.25
    """
    return float(risk_coverage(probabilities, labels).risk.mean())
