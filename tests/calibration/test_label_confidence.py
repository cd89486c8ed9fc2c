"""A temperature per label: that of two classes, and what keeps a label as it is."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.calibration.label_confidence import LabelConfidence, fit_label_confidence
from whytrain.calibration.temperature import fit_temperature

ODDS = np.log(3.0)  # the true log-odds of a label with probability 3/4
LABELS = np.array([[1, 0], [1, 0], [1, 1], [0, 1]])


def test_each_label_has_the_temperature_of_its_two_classes() -> None:
    logits = np.stack([np.full(4, 3 * ODDS), np.array([-2.0, -1.0, 1.0, 0.5])], axis=1)
    fitted = fit_label_confidence(logits, LABELS[:, [0, 0]], label_smoothing=0.0)
    assert fitted.temperatures[0] == pytest.approx(3.0, rel=1e-4)  # L-BFGS's own tolerance
    two_classes = np.stack([np.zeros(4), logits[:, 0]], axis=1)
    assert fitted.temperatures[0] == fit_temperature(two_classes, LABELS[:, 0]).temperature
    assert fitted.probabilities(logits)[:, 0] == pytest.approx(0.75, abs=1e-4)


def test_a_label_that_all_rows_have_or_that_is_never_wrong_keeps_its_probabilities() -> None:
    logits = np.array([[4.0, -1.0], [2.0, -2.0], [1.0, 3.0], [3.0, 1.0]])
    labels = np.array([[1, 0], [1, 0], [1, 1], [1, 1]])
    fitted = fit_label_confidence(logits, labels, label_smoothing=0.0)
    assert fitted.temperatures == (1.0, 1.0)
    assert fitted.probabilities(logits) == pytest.approx(1 / (1 + np.exp(-logits)))
    assert fitted.probabilities(logits[:0]).shape == (0, 2)


def test_label_smoothing_is_taken_back() -> None:
    # A model that fits smoothed labels says q = 0.9·p + 0.05 where p is the truth.
    p = np.array([[0.2, 0.8]])
    q = 0.9 * p + 0.05
    confidence = LabelConfidence(label_smoothing=0.1, smallest=0.001, temperatures=(1.0, 1.0))
    assert confidence.probabilities(np.log(q / (1 - q))) == pytest.approx(p)


def test_it_survives_yaml() -> None:
    confidence = LabelConfidence(label_smoothing=0.1, smallest=0.001, temperatures=(1.5, 0.5))
    assert LabelConfidence.from_plain(confidence.to_plain()) == confidence
