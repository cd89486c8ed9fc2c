"""Every calibration figure of one set of predictions, and the same before and after its correction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from whytrain.calibration.brier_parts import BrierParts, brier_parts
from whytrain.calibration.confidence import Confidence
from whytrain.calibration.noise_floor import NoiseFloor, ece_noise_floor
from whytrain.calibration.risk_coverage import area_under_risk_coverage
from whytrain.calibration.score_intervals import brier_interval, nll_interval
from whytrain.calibration.smooth_ece import smooth_ece
from whytrain.calibration.temperature import apply_temperature
from whytrain.metrics.calibration import entropy, expected_calibration_error, top_label
from whytrain.statistics.intervals import Interval, wilson_interval


@dataclass(frozen=True, kw_only=True)
class CalibrationSummary:
    """How far confidence can be trusted.

    Attributes:
        n_rows: number of sentences.
        accuracy: share of correct predictions, with its Wilson interval.
        confidence: mean confidence in the predicted class.
        nll: negative log-likelihood in nats, with its bootstrap interval.
        brier: Brier score summed over classes, with its bootstrap interval.
        brier_parts: reliability, resolution and uncertainty.
        ece: expected calibration error.
        noise_floor: what a calibrated model with the same confidences would show.
        smooth_ece: the calibration error without bins.
        area_under_risk_coverage: mean error rate over all levels of abstention.
        entropy: mean entropy of the predictions, in nats.
    """

    n_rows: int
    accuracy: Interval
    confidence: float
    nll: Interval
    brier: Interval
    brier_parts: BrierParts
    ece: float
    noise_floor: NoiseFloor
    smooth_ece: float
    area_under_risk_coverage: float
    entropy: float


def summarize_calibration(
    probabilities: ArrayLike, labels: ArrayLike, n_bins: int = 15, seed: int = 0
) -> CalibrationSummary:
    """Return every calibration figure of a set of predictions.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        n_bins: bins of the calibration error and of the Brier score's parts.
        seed: of bootstrap and simulation.

    Raises:
        DataError: if probabilities or labels are not as described.
        ConfigError: if n_bins < 1.
    """
    confidence, correct = top_label(probabilities, labels)
    return CalibrationSummary(
        n_rows=correct.size,
        accuracy=wilson_interval(int(correct.sum()), correct.size),
        confidence=float(confidence.mean(dtype=np.float64)),
        nll=nll_interval(probabilities, labels, seed=seed),
        brier=brier_interval(probabilities, labels, seed=seed),
        brier_parts=brier_parts(probabilities, labels, n_bins),
        ece=expected_calibration_error(probabilities, labels, n_bins),
        noise_floor=ece_noise_floor(probabilities, n_bins, seed=seed),
        smooth_ece=smooth_ece(probabilities, labels),
        area_under_risk_coverage=area_under_risk_coverage(probabilities, labels),
        entropy=float(entropy(probabilities).mean()),
    )


def before_and_after(
    logits: ArrayLike, labels: ArrayLike, confidence: Confidence, n_bins: int = 15, seed: int = 0
) -> tuple[CalibrationSummary, CalibrationSummary]:
    """Summarize a set that no fit has seen, as the model gives its probabilities and as people see them.

    Args:
        logits: floating (n, n_classes) of validation or test sentences, finite.
        labels: integers (n,) in 0..n_classes - 1.
        confidence: fitted on the calibration slice.
        n_bins: bins of the calibration error and of the Brier score's parts.
        seed: of bootstrap and simulation, the same for both.

    Raises:
        DataError: if logits or labels are not as described.
        ConfigError: if n_bins < 1.
    """
    before, after = apply_temperature(logits, 1.0), confidence.probabilities(logits)
    return (
        summarize_calibration(before, labels, n_bins, seed),
        summarize_calibration(after, labels, n_bins, seed),
    )
