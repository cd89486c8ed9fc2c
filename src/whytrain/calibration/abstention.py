"""Abstention: predict only where the model is sure enough for a chosen error rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import ConfigError
from whytrain.metrics.calibration import top_label
from whytrain.metrics.checks import check_probabilities
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.intervals import Interval, wilson_interval

# Doubt 1 - confidence shrinks by 2^(1/3) from one candidate to the next: from no abstention at all down to
# a doubt of about 0.005.
_N_CANDIDATES = 21
_SHRINK = 2 ** (-1 / 3)


@dataclass(frozen=True, kw_only=True)
class Abstention:
    """When to abstain: below the threshold.

    Attributes:
        threshold: smallest confidence to predict at; None if no threshold keeps the risk.
        risk: the error rate that accepted predictions may have.
        delta: probability that the slice misleads and the error rate is higher after all.
        lowest_risk: the lowest error rate that some threshold keeps, with the same probability.
        coverage: share of the calibration slice that is accepted at that threshold.
        n_accepted: rows of the calibration slice that are accepted.
        n_errors: errors among them.
        n_rows: rows of the calibration slice.
    """

    threshold: float | None
    risk: float
    delta: float
    lowest_risk: float
    coverage: float
    n_accepted: int
    n_errors: int
    n_rows: int


@dataclass(frozen=True)
class SelectivePerformance:
    """How many rows of a test set a model answers when it may abstain, and how often it is wrong there.

    Attributes:
        coverage: share of rows that are accepted, with its interval.
        risk: error rate among them, with its interval; None if none is accepted.
    """

    coverage: Interval
    risk: Interval | None


def abstention_threshold(
    probabilities: ArrayLike, labels: ArrayLike, risk: float = 0.05, delta: float = 0.1
) -> Abstention:
    """Choose the lowest confidence at which P(error | accepted) ≤ risk, with probability 1 - δ over slices.

    Fixed candidate thresholds λ are each tested for "the risk at λ exceeds r": with e errors among k accepted
    rows, p = P(Binomial(k, r) ≤ e). Holm's correction makes any false rejection at most δ likely, so the
    lowest rejected λ keeps the risk. The lowest risk that some λ keeps is the least of their upper
    Clopper-Pearson bounds at δ / (number of candidates), which hold together.
    All of this holds for any model and any confidence, calibrated or not, if the rows are exchangeable
    with those it is used on and no fit has seen them: give the half of the slice that the temperature was
    not fitted on (`split_slice`).

    Args:
        probabilities: floating (n, n_classes) of that half, calibrated, rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        risk: r, error rate that accepted predictions may have, in (0, 1).
        delta: δ, probability of breaking the promise, in (0, 1).

    Returns:
        The threshold and what it does on these rows.

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if risk or delta is outside (0, 1).

    References:
        Angelopoulos, Bates, Candès, Jordan & Lei (2021), Learn then Test: Calibrating Predictive Algorithms
        to Achieve Risk Control (family-wise error control over thresholds); Geifman & El-Yaniv (2017),
        Selective Classification for Deep Neural Networks (binomial tail of the selective risk).

    Example:
        >>> p = np.repeat([0.99, 0.6], 200)
        >>> wrong = np.repeat([False, True, False, True], [199, 1, 120, 80])
        >>> chosen = abstention_threshold(np.stack([p, 1 - p], axis=1), wrong.astype(int))
        >>> 0.6 < chosen.threshold <= 0.99, chosen.n_accepted, chosen.n_errors
        (True, 200, 1)
    """
    from scipy import stats  # takes half a second that explaining a text does without

    for name, rate in (("risk", risk), ("delta", delta)):
        if not 0 < rate < 1:
            raise ConfigError(f"Expected {name} between 0 and 1 (0.05, say), got {rate}.")
    confidence, correct = top_label(probabilities, labels)
    n_classes = np.shape(probabilities)[1]
    candidates = 1 - (1 - 1 / n_classes) * _SHRINK ** np.arange(_N_CANDIDATES)
    # No row is less sure than 1 / n_classes: accept everything, whatever rounding did to the first candidate.
    candidates[0] = 0.0
    accepted = confidence >= candidates[:, None]
    n_accepted, n_errors = accepted.sum(axis=1), (accepted & ~correct).sum(axis=1)
    kept = np.flatnonzero(holm_correction(stats.binom.cdf(n_errors, n_accepted, risk)) <= delta)
    first = int(kept[0]) if kept.size else None
    bounds = _upper_bounds(n_errors, n_accepted, delta / len(candidates))
    safest = int(bounds.argmin())
    return Abstention(
        threshold=None if first is None else float(candidates[first]),
        risk=risk,
        delta=delta,
        lowest_risk=float(bounds[safest]),
        coverage=float(n_accepted[safest] / correct.size),
        n_accepted=0 if first is None else int(n_accepted[first]),
        n_errors=0 if first is None else int(n_errors[first]),
        n_rows=correct.size,
    )


def _upper_bounds(
    n_errors: NDArray[np.int64], n_rows: NDArray[np.int64], chance: float
) -> NDArray[np.float64]:
    """Return one-sided Clopper-Pearson bounds of error rates: P(Binomial(n, bound) ≤ errors) = chance.

    1 where all rows are wrong, or there are none.
    """
    from scipy import stats

    right = np.maximum(n_rows - n_errors, 1)
    bounds: NDArray[np.float64] = np.where(
        n_rows > n_errors, stats.beta.ppf(1 - chance, n_errors + 1, right), 1.0
    )
    return bounds


def accepts(probabilities: ArrayLike, abstention: Abstention) -> NDArray[np.bool_]:
    """Return where the model predicts instead of abstaining, bool (n,).

    Args:
        probabilities: floating (n, n_classes), made in the same way as the calibration slice's.
        abstention: the chosen threshold.

    Raises:
        DataError: if probabilities are not as described.
    """
    confidence = check_probabilities(probabilities).max(axis=1)
    if abstention.threshold is None:
        return np.zeros(len(confidence), dtype=np.bool_)
    accepted: NDArray[np.bool_] = confidence >= abstention.threshold
    return accepted


def selective_performance(
    probabilities: ArrayLike, labels: ArrayLike, abstention: Abstention, level: float = 0.95
) -> SelectivePerformance:
    """Return coverage and risk on a test set, with Wilson intervals.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        abstention: the chosen threshold.
        level: coverage of the intervals, in (0, 1).

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if the level is outside (0, 1).
    """
    accepted = accepts(probabilities, abstention)
    correct = top_label(probabilities, labels)[1]
    n_accepted, n_errors = int(accepted.sum()), int((accepted & ~correct).sum())
    return SelectivePerformance(
        coverage=wilson_interval(n_accepted, correct.size, level),
        risk=wilson_interval(n_errors, n_accepted, level) if n_accepted else None,
    )
