"""Abstention keeps the promised risk as often as it promises, and is not empty."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from whytrain.calibration.abstention import abstention_threshold, accepts, selective_performance
from whytrain.errors import ConfigError
from whytrain.statistics.intervals import wilson_interval


def binary(p: ArrayLike) -> NDArray[np.float64]:
    return np.stack([1 - p, p], axis=-1)


def draw(
    generator: np.random.Generator, n_rows: int, gap: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A model whose confidence c is right with probability c - gap."""
    confidence = 1 - 0.5 * generator.random(n_rows) ** 2
    return binary(confidence), (generator.random(n_rows) < confidence - gap).astype(int)


def true_risk(threshold: float | None, gap: float) -> float:
    """P(error | confidence >= threshold) by quadrature over c = 1 - u²/2, u uniform."""
    if threshold is None:
        return 0.0
    u = (np.arange(20_000) + 0.5) / 20_000
    confidence = 1 - 0.5 * u**2
    accepted = confidence >= threshold
    return 1 - (confidence[accepted] - gap).mean() if accepted.any() else 0.0


@pytest.mark.parametrize("gap", [0.0, 0.05])
def test_the_risk_is_kept_as_often_as_promised(gap: float) -> None:
    generator = np.random.default_rng(0)
    risk, delta = 0.1, 0.2
    broken = naive = 0
    for _ in range(1000):
        probabilities, labels = draw(generator, 300, gap)
        broken += true_risk(abstention_threshold(probabilities, labels, risk, delta).threshold, gap) > risk
        naive += true_risk(lowest_with_empirical_risk(probabilities, labels, risk), gap) > risk
    assert broken <= stats.binom.ppf(0.999, 1000, delta)
    # Taking the empirical risk at its word breaks the promise far more often: the test would see it.
    assert naive > stats.binom.ppf(0.999, 1000, delta)


def lowest_with_empirical_risk(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], risk: float
) -> float:
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence)
    errors = np.cumsum(probabilities.argmax(axis=1)[order] != labels[order])
    kept = np.flatnonzero(errors / np.arange(1, labels.size + 1) <= risk)
    return confidence[order][kept[-1]] if kept.size else math.inf


def test_many_candidates_do_not_break_the_promise() -> None:
    # The risk is 10.1% at every threshold, so that accepting anything breaks it; candidates accept from 2,000
    # rows down to a few.
    generator = np.random.default_rng(4)
    delta, broken, uncorrected = 0.2, 0, 0
    confidence = 1 - 0.5 * np.linspace(0, 1, 2000)
    for _ in range(500):
        labels = (generator.random(2000) < 0.899).astype(int)
        broken += abstention_threshold(binary(confidence), labels, 0.1, delta).threshold is not None
        accepted = np.arange(20, 2001, 20)
        errors = np.cumsum(labels == 0)[accepted - 1]
        uncorrected += (stats.binom.cdf(errors, accepted, 0.1) <= delta).any()
    assert broken <= stats.binom.ppf(0.999, 500, delta)
    assert uncorrected > stats.binom.ppf(0.999, 500, delta)  # what looking at many thresholds costs


def test_it_accepts_about_what_could_be_accepted() -> None:
    probabilities, labels = draw(np.random.default_rng(1), 2000)
    chosen = abstention_threshold(probabilities, labels, risk=0.1)
    # The true risk reaches 10% where mean(u²)/2 = 0.1, u = 0.775; a slice of 2,000 gives most of that away
    # for certainty, not more than a quarter.
    assert 0.55 < chosen.n_accepted / chosen.n_rows < 0.775
    assert chosen.n_errors / chosen.n_accepted < 0.1


def test_a_good_model_need_not_abstain() -> None:
    probabilities = binary(np.full(200, 0.6))
    chosen = abstention_threshold(probabilities, np.ones(200, dtype=int), risk=0.05)
    assert chosen.threshold == 0.0
    assert chosen.n_accepted == chosen.n_rows == 200
    assert accepts(probabilities, chosen).all()


def test_too_few_rows_or_too_bad_a_model_always_abstain() -> None:
    few = abstention_threshold(binary(np.full(10, 0.9)), np.ones(10, dtype=int), risk=0.05)
    bad = abstention_threshold(binary(np.full(500, 0.99)), np.arange(500) % 2, risk=0.05)
    for chosen in (few, bad):
        assert chosen.threshold is None
        assert not accepts(binary(np.ones(3)), chosen).any()
    performance = selective_performance(binary(np.full(4, 0.9)), [1, 1, 1, 1], bad)
    assert performance.coverage.estimate == 0.0
    assert performance.risk is None


def test_the_lowest_risk_that_can_be_kept() -> None:
    # 200 of 400 rows are sure, 4 of them wrong; the rest are coins. Of the 21 candidates all above 0.6 accept the
    # sure ones: the bound is Clopper and Pearson's, P(Binomial(200, r) ≤ 4) = 0.1 / 21.
    confidence = np.repeat([0.995, 0.6], 200)
    labels = np.concatenate([np.arange(200) >= 4, np.arange(200) % 2 == 0]).astype(int)
    chosen = abstention_threshold(binary(confidence), labels, risk=0.02, delta=0.1)
    assert chosen.threshold is None
    assert chosen.coverage == 0.5
    assert stats.binom.cdf(4, 200, chosen.lowest_risk) == pytest.approx(0.1 / 21)
    # At that very risk a threshold is found, and a little below it none.
    assert abstention_threshold(binary(confidence), labels, chosen.lowest_risk + 1e-9).threshold is not None
    assert abstention_threshold(binary(confidence), labels, chosen.lowest_risk - 1e-9).threshold is None


def test_several_classes_and_single_precision() -> None:
    generator = np.random.default_rng(2)
    labels = generator.integers(4, size=800)
    sure = generator.random(800) < 0.5
    probabilities = np.where(sure[:, None], 0.97 * np.eye(4)[labels] + 0.01 * (1 - np.eye(4)[labels]), 0.25)
    chosen = abstention_threshold(probabilities.astype(np.float32), labels, risk=0.05)
    assert 0.25 < chosen.threshold <= 0.97
    assert chosen.n_accepted == sure.sum()
    assert chosen.n_errors == 0


def test_performance_on_a_test_set() -> None:
    probabilities, labels = draw(np.random.default_rng(3), 3000)
    chosen = abstention_threshold(probabilities[:2000], labels[:2000], risk=0.1)
    performance = selective_performance(probabilities[2000:], labels[2000:], chosen, level=0.9)
    accepted = probabilities[2000:].max(axis=1) >= chosen.threshold
    wrong = int((labels[2000:][accepted] == 0).sum())
    assert performance.coverage == wilson_interval(int(accepted.sum()), 1000, 0.9)
    assert performance.risk == wilson_interval(wrong, int(accepted.sum()), 0.9)


@pytest.mark.parametrize(("risk", "delta"), [(0.0, 0.1), (1.0, 0.1), (0.1, 0.0), (5.0, 0.1)])
def test_rates_lie_between_0_and_1(risk: float, delta: float) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        abstention_threshold(binary(np.array([0.9])), [1], risk, delta)
