"""Human disagreement: the model's probabilities against the shares of people who chose each class."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from whytrain.errors import ConfigError, DataError
from whytrain.metrics.calibration import SMALLEST_PROBABILITY, bin_index, entropy
from whytrain.metrics.checks import check_bins, check_probabilities
from whytrain.statistics.intervals import Interval, bootstrap_interval


@dataclass(frozen=True, kw_only=True)
class HumanDisagreement:
    """How the model's doubt relates to people's.

    Attributes:
        entropy_correlation: Spearman correlation of model and human entropy over sentences, with Bonett and
            Wright's interval; None if either never varies or with fewer than 4 sentences.
        kl: KL(people ‖ model) in nats, mean over sentences, with its bootstrap interval.
        total_variation: ½ Σ_c |model - people|, mean over sentences, with its bootstrap interval.
        calibration_error: expected calibration error against the share of people who agree with the model.
        majority_calibration_error: the same against the majority label, ties counting as people are split.
        model_entropy: float64 (n,), nats.
        human_entropy: float64 (n,), nats.
        kl_per_row: float64 (n,), nats.
    """

    entropy_correlation: Interval | None
    kl: Interval
    total_variation: Interval
    calibration_error: float
    majority_calibration_error: float
    model_entropy: NDArray[np.float64]
    human_entropy: NDArray[np.float64]
    kl_per_row: NDArray[np.float64]


def human_disagreement(
    probabilities: ArrayLike,
    human: ArrayLike,
    *,
    n_bins: int = 15,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> HumanDisagreement:
    """Compare probabilities with the distribution of people's ratings.

    A model that is calibrated against the majority label is sure where most people agree a little; one that
    is calibrated against people says 0.6 where six of ten agree. Shares from R raters differ from the
    people's by chance: even their true distribution would show a KL of about (n_classes - 1) / 2R.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        human: floating (n, n_classes), the share of raters who chose each class, rows summing to 1.
        n_bins: bins of the calibration errors.
        level: coverage of the intervals, in (0, 1).
        n_resamples: number of bootstrap resamples over sentences.
        seed: of the resampling.

    Returns:
        Correlation, distances and calibration errors.

    Raises:
        DataError: if probabilities or shares are not as described or differ in shape.
        ConfigError: if the level is outside (0, 1), n_bins or n_resamples below 1.

    References:
        Baan, Aziz, Plank & Fernández (2022), Stop Measuring Calibration When Humans Disagree; Bonett &
        Wright (2000), Sample Size Requirements for Estimating Pearson, Kendall and Spearman Correlations.

    Example:
        >>> people = np.array([[0.5, 0.5], [0.1, 0.9], [0.7, 0.3]])
        >>> same = human_disagreement(people, people)
        >>> same.kl.estimate, same.calibration_error, round(same.majority_calibration_error, 4)
        (0.0, 0.0, 0.1333)
    """
    model, people = _pair(probabilities, human)
    check_bins(n_bins)
    h_model, h_people = entropy(model), entropy(people)
    kl = _kl_per_row(people, model)
    distance = np.abs(model - people).sum(axis=1) / 2

    def interval_of_mean(rows: NDArray[np.float64]) -> Interval:
        return bootstrap_interval(
            lambda drawn: drawn.mean(axis=1), rows, level=level, n_resamples=n_resamples, seed=seed
        )

    majority = people == people.max(axis=1, keepdims=True)
    return HumanDisagreement(
        entropy_correlation=_rank_correlation(h_model, h_people, level),
        kl=interval_of_mean(kl),
        total_variation=interval_of_mean(distance),
        calibration_error=_calibration_error(model, people, n_bins),
        majority_calibration_error=_calibration_error(
            model, majority / majority.sum(axis=1, keepdims=True), n_bins
        ),
        model_entropy=h_model,
        human_entropy=h_people,
        kl_per_row=kl,
    )


def sure_where_people_are_not(
    probabilities: ArrayLike, human: ArrayLike, *, sure: float = 0.9, agreed: float = 0.65
) -> NDArray[np.int64]:
    """Return the rows where the model is sure and people are not, the largest gap first.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        human: floating (n, n_classes), the share of raters who chose each class, rows summing to 1.
        sure: the model's confidence is at least this, in (0, 1].
        agreed: no class has more than this share of people, in (0, 1].

    Returns:
        int64, row numbers in falling order of human minus model entropy.

    Raises:
        DataError: if probabilities or shares are not as described or differ in shape.
        ConfigError: if sure or agreed is outside (0, 1].

    Example:
        >>> model = [[0.1, 0.9], [0.05, 0.95], [0.5, 0.5]]
        >>> people = [[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]]
        >>> sure_where_people_are_not(model, people).tolist()
        [1]
    """
    for name, share in (("sure", sure), ("agreed", agreed)):
        if not 0 < share <= 1:
            raise ConfigError(f"Expected {name} as a share in (0, 1], got {share}.")
    model, people = _pair(probabilities, human)
    rows = np.flatnonzero((model.max(axis=1) >= sure) & (people.max(axis=1) <= agreed))
    gap = entropy(people) - entropy(model)
    return rows[np.argsort(-gap[rows], kind="stable")]


def _pair(probabilities: ArrayLike, human: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    model = check_probabilities(probabilities).astype(np.float64)
    people = check_probabilities(human, "shares of raters").astype(np.float64)
    if model.shape != people.shape:
        raise DataError(
            f"Expected one share of raters per probability, got shapes {model.shape} and {people.shape}."
        )
    return model, people


def _kl_per_row(people: NDArray[np.float64], model: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Σ_c h ln(h / p), 0·ln 0 = 0; p = 0 counts as the smallest probability."""
    ratio = np.divide(
        people, np.maximum(model, SMALLEST_PROBABILITY), out=np.ones_like(people), where=people > 0
    )
    kl: NDArray[np.float64] = (people * np.log(ratio)).sum(axis=1)
    return kl


def _calibration_error(model: NDArray[np.float64], people: NDArray[np.float64], n_bins: int) -> float:
    """Return Σ_b n_b/n·|mean share of people who agree with the model - mean confidence|."""
    rows = np.arange(len(model))
    predicted = model.argmax(axis=1)
    confidence = model[rows, predicted]
    gaps = np.bincount(
        bin_index(confidence, n_bins), weights=people[rows, predicted] - confidence, minlength=n_bins
    )
    return float(np.abs(gaps).sum() / len(model))


def _rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64], level: float) -> Interval | None:
    """Return Spearman's ρ with tanh(artanh ρ ± z·√((1 + ρ²/2) / (n - 3))), or None where it is undefined."""
    if min(np.ptp(a), np.ptp(b)) == 0 or a.size <= 3:
        return None
    rho = float(np.clip(stats.spearmanr(a, b).statistic, -1.0, 1.0))
    if abs(rho) == 1:
        return Interval(estimate=rho, low=rho, high=rho, level=level)
    half = float(stats.norm.ppf((1 + level) / 2)) * math.sqrt((1 + rho**2 / 2) / (a.size - 3))
    center = math.atanh(rho)
    return Interval(estimate=rho, low=math.tanh(center - half), high=math.tanh(center + half), level=level)
