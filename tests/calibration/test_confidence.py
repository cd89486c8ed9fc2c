"""What one slice lets a model say of its confidence, against its parts and in simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import yaml
from scipy.special import softmax

from whytrain.calibration.abstention import abstention_threshold
from whytrain.calibration.confidence import Confidence, fit_confidence
from whytrain.calibration.conformal import lac_thresholds, prediction_sets
from whytrain.calibration.correction import Correction
from whytrain.calibration.temperature import fit_temperature
from whytrain.calibration.unsmoothing import remove_label_smoothing
from whytrain.errors import ConfigError
from whytrain.metrics.calibration import expected_calibration_error

SETTINGS = {"label_smoothing": 0.0, "alpha": 0.1, "class_conditional": False, "risk": 0.1, "delta": 0.1}


def predictions(n: int, seed: int, n_classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are calibrated at half their size, and labels drawn accordingly."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(n, n_classes)) * 2
    draws = [generator.choice(n_classes, p=p) for p in softmax(logits, axis=1)]
    return 2 * logits, np.array(draws)


def test_it_is_made_of_temperature_and_conformal_sets() -> None:
    logits, labels = predictions(1000, seed=0)
    confidence = fit_confidence(logits, labels, **SETTINGS)
    assert confidence.correction.temperature == fit_temperature(logits, labels).temperature
    assert (
        1.7 < confidence.correction.temperature < 2.3
    )  # the logits were doubled; 1,000 rows leave some noise
    calibrated = softmax(logits / confidence.correction.temperature, axis=1)
    expected = prediction_sets(calibrated, lac_thresholds(calibrated, labels, 0.1))
    test_logits, _ = predictions(200, seed=1)
    assert np.array_equal(confidence.sets(logits), expected)
    np.testing.assert_allclose(
        confidence.probabilities(test_logits),
        softmax(test_logits / confidence.correction.temperature, axis=1),
        rtol=1e-12,
    )


@pytest.mark.parametrize("n_classes", [2, 4])
def test_answers_keep_the_promised_risk(n_classes: int) -> None:
    """Over 100 slices the risk among answers exceeds the promise about as rarely as delta says."""
    test_logits, test_labels = predictions(20_000, seed=999, n_classes=n_classes)
    wrong = test_logits.argmax(axis=1) != test_labels
    broken = 0
    for seed in range(100):
        logits, labels = predictions(400, seed, n_classes)
        confidence = fit_confidence(logits, labels, **SETTINGS)
        answered = ~confidence.abstains(test_logits)
        if confidence.abstention.threshold is not None:
            broken += bool(answered.any()) and wrong[answered].mean() > 0.1
    assert broken <= 18  # Binomial(100, 0.1): more with probability below 0.5%


def test_where_no_threshold_keeps_the_risk_no_answer_says_abstain() -> None:
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(300, 2)), generator.integers(2, size=300)
    confidence = fit_confidence(logits, labels, **SETTINGS)
    assert confidence.abstention.threshold is None
    assert confidence.abstention.lowest_risk > 0.4  # of coins
    assert not confidence.abstains(logits).any()


def test_it_survives_yaml_infinity_included() -> None:
    confidence = Confidence(
        correction=Correction(label_smoothing=0.1, smallest=0.001, temperature=1.5),
        alpha=0.1,
        set_thresholds=(0.4, math.inf),
        abstention=abstention_threshold([[0.4, 0.6]], [1]),
    )
    assert Confidence.from_plain(yaml.safe_load(yaml.safe_dump(confidence.to_plain()))) == confidence


@pytest.mark.parametrize("n_classes", [2, 4])
def test_label_smoothing_is_taken_back_where_no_temperature_could(n_classes: int) -> None:
    """A model that fits smoothed labels perfectly becomes calibrated; a temperature alone leaves an error."""
    generator = np.random.default_rng(0)
    truth = softmax(3 * generator.normal(size=(40_000, n_classes)), axis=1)
    labels = (truth.cumsum(axis=1) > generator.random((len(truth), 1))).argmax(axis=1)
    logits = np.log(0.8 * truth + 0.2 / n_classes)
    fitted = {
        smoothing: fit_confidence(
            logits[:20_000], labels[:20_000], **SETTINGS | {"label_smoothing": smoothing}
        )
        for smoothing in (0.0, 0.2)
    }
    assert fitted[0.2].correction.label_smoothing == 0.2
    assert fitted[0.2].correction.temperature == pytest.approx(
        1.0, abs=0.03
    )  # four standard errors of 10,000 rows
    wrong, right = (
        expected_calibration_error(fitted[smoothing].probabilities(logits[20_000:]), labels[20_000:])
        for smoothing in (0.0, 0.2)
    )
    assert right < 0.01 < wrong  # the noise of 20,000 rows is 0.005
    assert np.array_equal(fitted[0.2].probabilities(logits).argmax(axis=1), logits.argmax(axis=1))


def test_without_smoothing_nothing_is_taken_back() -> None:
    logits, _ = predictions(50, seed=3)
    assert np.array_equal(remove_label_smoothing(logits, 0.0, 0.001), logits)


def test_what_lies_below_the_smoothing_is_raised_to_the_smallest_share() -> None:
    logits = np.log([[0.02, 0.98]])  # 0.02 is less than 0.1 / 2
    shares = np.exp(remove_label_smoothing(logits, 0.1, 0.004))
    np.testing.assert_allclose(shares, [[0.004, (0.98 - 0.05) / 0.9]], rtol=1e-12)


@pytest.mark.parametrize(
    ("smoothing", "smallest", "message"),
    [(1.0, 0.1, "label smoothing in \\[0, 1\\), got 1.0"), (0.1, 0.5, "in \\(0, 1 / 2\\), got 0.5")],
)
def test_shares_outside_their_range_are_refused(smoothing: float, smallest: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        remove_label_smoothing([[0.0, 1.0]], smoothing, smallest)
