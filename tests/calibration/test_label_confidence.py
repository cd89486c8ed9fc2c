"""A correction per label: that of two classes, and what keeps a label as it is."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from whytrain.calibration.correction import Correction
from whytrain.calibration.label_confidence import LabelConfidence, fit_label_confidence
from whytrain.calibration.temperature import fit_temperature

ODDS = np.log(3.0)  # the true log-odds of a label with probability 3/4
TRUTH = np.tile([1, 1, 1, 0], 100)


def test_each_label_has_the_temperature_of_its_two_classes() -> None:
    logits = np.stack([np.full(400, 6 * ODDS), np.full(400, ODDS)], axis=1)
    fitted = fit_label_confidence(logits, np.stack([TRUTH, TRUTH], axis=1), label_smoothing=0.0)
    assert fitted.corrections[0].temperature == pytest.approx(6.0, rel=1e-4)  # L-BFGS's own tolerance
    two_classes = np.stack([np.zeros(400), logits[:, 0]], axis=1)
    assert fitted.corrections[0].temperature == fit_temperature(two_classes, TRUTH).temperature
    assert fitted.corrections[1].temperature == 1.0  # right as it is
    assert fitted.probabilities(logits) == pytest.approx(0.75, abs=1e-4)


def test_a_label_that_all_rows_have_or_that_is_never_wrong_keeps_its_probabilities() -> None:
    logits = np.array([[4.0, -1.0], [2.0, -2.0], [1.0, 3.0], [3.0, 1.0]])
    labels = np.array([[1, 0], [1, 0], [1, 1], [1, 1]])
    fitted = fit_label_confidence(logits, labels, label_smoothing=0.0)
    assert all(correction.changes_nothing for correction in fitted.corrections)
    assert fitted.probabilities(logits) == pytest.approx(1 / (1 + np.exp(-logits)))
    assert fitted.probabilities(logits[:0]).shape == (0, 2)


def test_label_smoothing_is_taken_back() -> None:
    # A model that fits smoothed labels says q = 0.9·p + 0.05 where p is the truth.
    p = np.array([[0.2, 0.8]])
    q = 0.9 * p + 0.05
    confidence = LabelConfidence(
        corrections=(
            Correction(label_smoothing=0.1, smallest=0.001, temperature=1.0),
            Correction(label_smoothing=0.1, smallest=0.001, temperature=1.0),
        )
    )
    assert confidence.probabilities(np.log(q / (1 - q))) == pytest.approx(p)


def test_it_survives_yaml() -> None:
    confidence = LabelConfidence(
        corrections=(
            Correction(label_smoothing=0.1, smallest=0.001, temperature=1.5),
            Correction(label_smoothing=0.0, smallest=0.001, temperature=1.0),
        )
    )
    assert LabelConfidence.from_plain(yaml.safe_load(yaml.safe_dump(confidence.to_plain()))) == confidence
