"""What one slice lets a model say of its confidence, against its parts and in simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import yaml
from scipy.special import softmax

from whytrain.calibration.confidence import Confidence, fit_confidence
from whytrain.calibration.conformal import lac_thresholds, prediction_sets
from whytrain.calibration.temperature import fit_temperature

SETTINGS = {"alpha": 0.1, "class_conditional": False, "risk": 0.1, "delta": 0.1}


def predictions(n: int, seed: int, n_classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are calibrated at half their size, and labels drawn accordingly."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(n, n_classes)) * 2
    draws = [generator.choice(n_classes, p=p) for p in softmax(logits, axis=1)]
    return 2 * logits, np.array(draws)


def test_it_is_made_of_temperature_and_conformal_sets() -> None:
    logits, labels = predictions(1000, seed=0)
    confidence = fit_confidence(logits, labels, **SETTINGS)
    assert confidence.temperature == fit_temperature(logits, labels).temperature
    assert 1.7 < confidence.temperature < 2.3  # the logits were doubled; 1,000 rows leave some noise
    calibrated = softmax(logits / confidence.temperature, axis=1)
    expected = prediction_sets(calibrated, lac_thresholds(calibrated, labels, 0.1))
    test_logits, _ = predictions(200, seed=1)
    assert np.array_equal(confidence.sets(logits), expected)
    np.testing.assert_allclose(
        confidence.probabilities(test_logits),
        softmax(test_logits / confidence.temperature, axis=1),
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
        answered = ~fit_confidence(logits, labels, **SETTINGS).abstains(test_logits)
        broken += bool(answered.any()) and wrong[answered].mean() > 0.1
    assert broken <= 18  # Binomial(100, 0.1): more with probability below 0.5%


def test_where_no_threshold_keeps_the_risk_it_always_abstains() -> None:
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(300, 2)), generator.integers(2, size=300)
    confidence = fit_confidence(logits, labels, **SETTINGS)
    assert math.isinf(confidence.answer_threshold)
    assert confidence.abstains(logits).all()


def test_it_survives_yaml_infinity_included() -> None:
    confidence = Confidence(1.5, 0.1, (0.4, math.inf), 0.05, 0.1, math.inf)
    assert Confidence.from_plain(yaml.safe_load(yaml.safe_dump(confidence.to_plain()))) == confidence
