"""The noise floor holds as often as it claims."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from whytrain.calibration import noise_floor as implementation
from whytrain.calibration.noise_floor import ece_noise_floor
from whytrain.errors import ConfigError, DataError
from whytrain.metrics.calibration import expected_calibration_error


def binary(p: ArrayLike) -> NDArray[np.float64]:
    return np.stack([1 - np.asarray(p), np.asarray(p)], axis=-1)


@pytest.fixture
def confidence() -> NDArray[np.float64]:
    return np.random.default_rng(0).uniform(0.5, 1, size=400)


def test_a_calibrated_model_exceeds_it_as_often_as_it_claims(confidence: NDArray[np.float64]) -> None:
    floor = ece_noise_floor(binary(confidence), n_simulations=4000)
    generator = np.random.default_rng(1)
    errors = np.array(
        [
            expected_calibration_error(binary(confidence), (generator.random(400) < confidence).astype(int))
            for _ in range(1000)
        ]
    )
    above = int((errors > floor.percentile_95).sum())
    # 99.9% range of a binomial, widened by the Monte Carlo error of the floor's own percentile (0.35 points).
    assert stats.binom.ppf(0.001, 1000, 0.0465) <= above <= stats.binom.ppf(0.999, 1000, 0.0535)
    # Means over 1,000 and 4,000 draws: four standard errors of the first, and a bit for the second.
    assert floor.mean == pytest.approx(errors.mean(), abs=5 * errors.std() / np.sqrt(1000))
    alarms = sum(floor.p_value(error) <= 0.05 for error in errors)
    assert stats.binom.ppf(0.001, 1000, 0.0465) <= alarms <= stats.binom.ppf(0.999, 1000, 0.0535)


def test_an_overconfident_model_lies_above_it(confidence: NDArray[np.float64]) -> None:
    labels = (np.random.default_rng(2).random(400) < confidence - 0.1).astype(int)
    floor = ece_noise_floor(binary(confidence))
    error = expected_calibration_error(binary(confidence), labels)
    assert error > floor.percentile_95
    assert floor.p_value(error) == pytest.approx(1 / 1001)


def test_the_published_size_for_872_sentences() -> None:
    # A calibrated model on 872 sentences, 15 bins: 1.7 to 2.3% on average, 95th percentile about 3%.
    p = np.random.default_rng(3).beta(7, 0.8, size=872)
    floor = ece_noise_floor(binary(np.maximum(p, 1 - p)))
    assert 0.015 < floor.mean < 0.025
    assert 0.02 < floor.percentile_95 < 0.035


def test_sure_predictions_have_no_noise() -> None:
    floor = ece_noise_floor(binary(np.ones(20)))
    assert floor.mean == floor.percentile_95 == 0.0
    assert floor.p_value(0.0) == 1.0


def test_one_row_is_right_or_wrong() -> None:
    floor = ece_noise_floor(binary([0.9]), n_simulations=2000)
    assert set(floor.errors.round(12)) == {0.1, 0.9}
    # Wrong in 10%: four binomial standard errors.
    assert (floor.errors > 0.5).mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 2000))


def test_seeded_and_independent_of_the_memory_it_may_use(
    confidence: NDArray[np.float64], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ece_noise_floor(binary(confidence), n_simulations=50, seed=3).errors
    assert (ece_noise_floor(binary(confidence), n_simulations=50, seed=4).errors != whole).any()
    monkeypatch.setattr(implementation, "_CHUNK_ELEMENTS", 7 * 400)
    np.testing.assert_array_equal(ece_noise_floor(binary(confidence), n_simulations=50, seed=3).errors, whole)


def test_several_classes_use_the_top_label() -> None:
    probabilities = np.random.default_rng(5).dirichlet(np.ones(4), size=300)
    floor = ece_noise_floor(probabilities)
    generator = np.random.default_rng(6)
    labels = (probabilities.cumsum(axis=1) > generator.random((200, 300, 1))).argmax(axis=2)
    errors = [expected_calibration_error(probabilities, drawn) for drawn in labels]
    # Labels from the whole distribution are right with the top probability; 200 draws, five standard errors.
    assert np.mean(errors) == pytest.approx(floor.mean, abs=5 * np.std(errors) / np.sqrt(200))


def test_bad_input() -> None:
    with pytest.raises(ConfigError, match="at least 1 simulation"):
        ece_noise_floor(binary([0.9]), n_simulations=0)
    with pytest.raises(ConfigError, match="at least 1 bin"):
        ece_noise_floor(binary([0.9]), n_bins=0)
    with pytest.raises(DataError, match="sum to 1"):
        ece_noise_floor([[0.9, 0.2]])
