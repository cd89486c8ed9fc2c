"""The model against people: hand values, SciPy, and a planted case."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from whytrain.calibration.human_disagreement import human_disagreement, sure_where_people_are_not
from whytrain.errors import ConfigError, DataError
from whytrain.metrics.calibration import expected_calibration_error


def binary(p: ArrayLike) -> NDArray[np.float64]:
    return np.stack([1 - np.asarray(p), np.asarray(p)], axis=-1)


@pytest.fixture
def pair() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    generator = np.random.default_rng(0)
    return generator.dirichlet(np.ones(3), size=200), generator.dirichlet(np.ones(3), size=200)


def test_distances_equal_scipy(pair: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    model, people = pair
    result = human_disagreement(model, people, n_resamples=200)
    np.testing.assert_allclose(result.kl_per_row, stats.entropy(people, model, axis=1), rtol=1e-9)
    assert result.kl.estimate == pytest.approx(stats.entropy(people, model, axis=1).mean())
    assert result.total_variation.estimate == pytest.approx(np.abs(model - people).sum(axis=1).mean() / 2)
    np.testing.assert_allclose(result.model_entropy, stats.entropy(model, axis=1), rtol=1e-9)
    np.testing.assert_allclose(result.human_entropy, stats.entropy(people, axis=1), rtol=1e-9)
    expected = stats.spearmanr(result.model_entropy, result.human_entropy).statistic
    assert result.entropy_correlation.estimate == pytest.approx(expected)
    z = np.arctanh(expected) + np.array([-1, 1]) * 1.959964 * np.sqrt((1 + expected**2 / 2) / 197)
    correlation = result.entropy_correlation
    assert (correlation.low, correlation.high) == pytest.approx(tuple(np.tanh(z)), abs=1e-6)  # digits of 1.96
    assert result.kl.low < result.kl.estimate < result.kl.high


def test_by_hand() -> None:
    # Predictions 1 (0.8) and 1 (0.6); 6 of 10 and 9 of 10 people agree. One bin: |1.5 - 1.4| / 2.
    result = human_disagreement(binary([0.8, 0.6]), binary([0.6, 0.9]), n_bins=1)
    assert result.calibration_error == pytest.approx(0.05)
    assert result.majority_calibration_error == pytest.approx((2 - 1.4) / 2)
    assert result.total_variation.estimate == pytest.approx((0.2 + 0.3) / 2)


def test_unanimous_people_are_labels() -> None:
    generator = np.random.default_rng(1)
    model, labels = generator.dirichlet(np.ones(4), size=300), generator.integers(4, size=300)
    result = human_disagreement(model, np.eye(4)[labels], n_resamples=20)
    error = expected_calibration_error(model, labels)
    assert result.calibration_error == pytest.approx(error)
    assert result.majority_calibration_error == pytest.approx(error)
    # Then KL is the negative log-likelihood, and people's entropy does not vary.
    assert result.kl.estimate == pytest.approx(-np.log(model[np.arange(300), labels]).mean())
    assert result.entropy_correlation is None


def test_calibrated_against_people_or_against_the_majority() -> None:
    p = np.tile([0.55, 0.7, 0.85], 100)
    as_people = human_disagreement(binary(p), binary(p), n_resamples=20)
    assert as_people.calibration_error == as_people.kl.estimate == 0.0
    assert as_people.majority_calibration_error == pytest.approx(0.3)
    as_majority = human_disagreement(binary(np.full(300, 0.999)), binary(p), n_resamples=20)
    assert as_majority.calibration_error == pytest.approx(0.299)
    assert as_majority.majority_calibration_error == pytest.approx(0.001)


def test_a_tie_of_people_is_half_a_label() -> None:
    result = human_disagreement(binary([0.9, 0.9]), binary([0.5, 0.5]), n_bins=1)
    assert result.majority_calibration_error == pytest.approx(0.4)


def test_certainty_against_a_minority_stays_finite() -> None:
    result = human_disagreement(binary([1.0, 1.0]), binary([0.9, 1.0]), n_resamples=20)
    assert np.isfinite(result.kl_per_row).all()
    assert result.kl_per_row[0] > 3
    assert result.kl_per_row[1] == 0.0


def test_the_correlation_covers_as_often_as_it_claims() -> None:
    generator = np.random.default_rng(2)
    hits, n_tries, n = 0, 250, 80
    # A normal pair with Pearson 0.6 has Spearman 6/π·arcsin(0.3) = 0.582; monotone maps to entropies keep it.
    for _ in range(n_tries):
        x = generator.normal(size=n)
        y = 0.6 * x + 0.8 * generator.normal(size=n)
        sides = [binary(0.5 + 0.5 * stats.norm.cdf(side)) for side in (x, y)]
        interval = human_disagreement(*sides, n_resamples=1).entropy_correlation
        hits += interval.contains(6 / np.pi * np.arcsin(0.3))
    # Approximate intervals: 99.9% range around 94% and 97%.
    assert stats.binom.ppf(0.001, n_tries, 0.94) <= hits <= stats.binom.ppf(0.999, n_tries, 0.97)


def test_identical_entropies_correlate_fully() -> None:
    result = human_disagreement(binary([0.6, 0.7, 0.8, 0.9]), binary([0.6, 0.7, 0.8, 0.9]))
    correlation = result.entropy_correlation
    assert correlation.estimate == pytest.approx(1.0)
    assert correlation.low == pytest.approx(1.0)
    few = human_disagreement(binary([0.6, 0.7, 0.8]), binary([0.6, 0.7, 0.8]))
    assert few.entropy_correlation is None


def test_sure_where_people_are_not() -> None:
    model = binary([0.95, 0.99, 0.92, 0.55, 0.02])
    people = binary([0.6, 0.95, 0.5, 0.5, 0.55])
    # Row 1: people agree; row 3: the model doubts. Gaps in entropy of the others: 0.59, 0.47, 0.41.
    assert sure_where_people_are_not(model, people).tolist() == [4, 0, 2]
    assert sure_where_people_are_not(model, people, sure=0.97).tolist() == [4]
    assert sure_where_people_are_not(model, people, agreed=0.5).tolist() == [2]
    assert sure_where_people_are_not(model, people, agreed=0.4).size == 0


def test_bad_input(pair: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    model, people = pair
    with pytest.raises(DataError, match="got shapes"):
        human_disagreement(model, people[:50])
    with pytest.raises(DataError, match="shares of raters that sum to 1"):
        human_disagreement(model, people * 0.5)
    with pytest.raises(ConfigError, match="at least 1 bin"):
        human_disagreement(model, people, n_bins=0)
    with pytest.raises(ConfigError, match="Expected sure as a share"):
        sure_where_people_are_not(model, people, sure=90)
