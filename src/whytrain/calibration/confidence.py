"""What a calibration slice lets a model say about its own confidence, as plain numbers to keep with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.calibration.abstention import abstention_threshold
from whytrain.calibration.calibrate import calibrate
from whytrain.calibration.temperature import apply_temperature, check_logits
from whytrain.calibration.unsmoothing import remove_label_smoothing


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """How logits become the probabilities that people see, conformal sets, and when to abstain.

    Attributes:
        label_smoothing: of the training labels, taken back before anything is fitted.
        smallest: what a probability is raised to on the way: one in the number of rows of the slice.
        temperature: divides the logits of what people see; never those of explanations.
        alpha: share of conformal sets that may miss the label.
        set_thresholds: per class; a set holds the classes with 1 - p ≤ threshold.
        risk: error rate that answers may have, with probability 1 - delta over calibration slices.
        delta: probability that the slice misleads.
        answer_threshold: smallest confidence to answer at, without temperature: fitted to nothing, it may
            use the whole slice; infinite if no threshold keeps the risk.
    """

    label_smoothing: float
    smallest: float
    temperature: float
    alpha: float
    set_thresholds: tuple[float, ...]
    risk: float
    delta: float
    answer_threshold: float

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Confidence:
        """Read what `to_plain` wrote."""
        thresholds = tuple(float(value) for value in plain["set_thresholds"])
        return cls(**{**plain, "set_thresholds": thresholds})

    def to_plain(self) -> dict[str, Any]:
        """Plain numbers and lists, as YAML has them."""
        return asdict(self) | {"set_thresholds": list(self.set_thresholds)}

    def probabilities(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities (n, n_classes) of logits (n, n_classes)."""
        unsmoothed = remove_label_smoothing(logits, self.label_smoothing, self.smallest)
        return apply_temperature(unsmoothed, self.temperature)

    def sets(self, logits: ArrayLike) -> NDArray[np.bool_]:
        """Which classes are in each row's conformal set, bool (n, n_classes)."""
        held: NDArray[np.bool_] = 1 - self.probabilities(logits) <= np.array(self.set_thresholds)
        return held

    def abstains(self, logits: ArrayLike) -> NDArray[np.bool_]:
        """Where the model should give no answer, bool (n,)."""
        unsure: NDArray[np.bool_] = apply_temperature(logits, 1.0).max(axis=1) < self.answer_threshold
        return unsure


def fit_confidence(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    label_smoothing: float,
    alpha: float,
    class_conditional: bool,
    risk: float,
    delta: float,
) -> Confidence:
    """Fit all of it on one calibration slice, each part on rows that its guarantee allows.

    Args:
        logits: floating (n, n_classes) of the calibration slice, n ≥ 2.
        labels: integers (n,).
        label_smoothing: of the training labels, in [0, 1).
        alpha: share of conformal sets that may miss the label, in (0, 1).
        class_conditional: hold that share for each class instead of on average.
        risk: error rate that answers may have, in (0, 1).
        delta: probability of breaking that promise, in (0, 1).

    Raises:
        DataError: if logits or labels are not as described.
        ConfigError: if a share is outside (0, 1).
    """
    array = check_logits(logits)
    smallest = 1 / max(array.shape[0], array.shape[1] + 1)
    unsmoothed = remove_label_smoothing(array, label_smoothing, smallest)
    fitted = calibrate(unsmoothed, labels, alpha=alpha, class_conditional=class_conditional)
    chosen = abstention_threshold(apply_temperature(array, 1.0), labels, risk, delta)
    return Confidence(
        label_smoothing=label_smoothing,
        smallest=smallest,
        temperature=fitted.fit.temperature,
        alpha=alpha,
        set_thresholds=tuple(fitted.conformal.thresholds.tolist()),
        risk=risk,
        delta=delta,
        answer_threshold=chosen.threshold,
    )
