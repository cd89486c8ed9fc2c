"""Does the model's confidence mean what it says: metrics, temperature, conformal sets, abstention."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.calibration.abstention import (
        Abstention,
        SelectivePerformance,
        abstention_threshold,
        selective_performance,
    )
    from whytrain.calibration.brier_parts import BrierParts
    from whytrain.calibration.calibrate import Calibration
    from whytrain.calibration.confidence import Confidence, fit_confidence
    from whytrain.calibration.conformal import (
        ConformalThresholds,
        class_conditional_thresholds,
        coverage_range,
        lac_thresholds,
        prediction_sets,
    )
    from whytrain.calibration.correction import Correction, fit_correction
    from whytrain.calibration.human_disagreement import HumanDisagreement
    from whytrain.calibration.noise_floor import NoiseFloor, ece_noise_floor
    from whytrain.calibration.risk_coverage import RiskCoverage, area_under_risk_coverage
    from whytrain.calibration.score_intervals import brier_interval, nll_interval
    from whytrain.calibration.set_summary import SetSummary, summarize_sets
    from whytrain.calibration.summary import CalibrationSummary, summarize_calibration
    from whytrain.calibration.temperature import TemperatureFit, apply_temperature, fit_temperature
    from whytrain.calibration.unsmoothing import remove_label_smoothing
    from whytrain.metrics.calibration import (
        ReliabilityBins,
        brier_score,
        expected_calibration_error,
        negative_log_likelihood,
        reliability_bins,
    )
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "Abstention",
    "BrierParts",
    "Calibration",
    "CalibrationSummary",
    "Confidence",
    "ConformalThresholds",
    "Correction",
    "HumanDisagreement",
    "NoiseFloor",
    "ReliabilityBins",
    "RiskCoverage",
    "SelectivePerformance",
    "SetSummary",
    "TemperatureFit",
    "abstention_threshold",
    "apply_temperature",
    "area_under_risk_coverage",
    "brier_interval",
    "brier_score",
    "class_conditional_thresholds",
    "coverage_range",
    "ece_noise_floor",
    "expected_calibration_error",
    "fit_confidence",
    "fit_correction",
    "fit_temperature",
    "lac_thresholds",
    "negative_log_likelihood",
    "nll_interval",
    "prediction_sets",
    "reliability_bins",
    "remove_label_smoothing",
    "selective_performance",
    "summarize_calibration",
    "summarize_sets",
]
