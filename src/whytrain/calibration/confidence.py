"""What a calibration slice lets a model say about its own confidence, as plain numbers to keep with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.calibration.abstention import Abstention, abstention_threshold
from whytrain.calibration.calibrate import calibrate
from whytrain.calibration.correction import Correction
from whytrain.calibration.temperature import apply_temperature, check_logits


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """How logits become the probabilities that people see, conformal sets, and when to abstain.

    Attributes:
        correction: of the probabilities; never of those that are explained.
        alpha: share of conformal sets that may miss the label.
        set_thresholds: per class; a set holds the classes with 1 - p ≤ threshold.
        abstention: when to give no answer, by the confidence without correction: fitted to nothing, it may
            use the whole slice.
    """

    correction: Correction
    alpha: float
    set_thresholds: tuple[float, ...]
    abstention: Abstention

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Confidence:
        """Read what `to_plain` wrote."""
        return cls(
            correction=Correction(**plain["correction"]),
            alpha=plain["alpha"],
            set_thresholds=tuple(float(value) for value in plain["set_thresholds"]),
            abstention=Abstention(**plain["abstention"]),
        )

    def to_plain(self) -> dict[str, Any]:
        """Plain numbers and lists, as YAML has them."""
        return asdict(self) | {"set_thresholds": list(self.set_thresholds)}

    def probabilities(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities (n, n_classes) of logits (n, n_classes)."""
        return self.correction.probabilities(logits)

    def sets(self, logits: ArrayLike) -> NDArray[np.bool_]:
        """Which classes are in each row's conformal set, bool (n, n_classes)."""
        held: NDArray[np.bool_] = 1 - self.probabilities(logits) <= np.array(self.set_thresholds)
        return held

    def abstains(self, logits: ArrayLike) -> NDArray[np.bool_]:
        """Where the model should give no answer, bool (n,); nowhere if no threshold keeps the risk.

        What holds of all answers says nothing about one: that no threshold keeps the risk is a finding about
        the model.
        """
        confidence = apply_temperature(logits, 1.0).max(axis=1)
        if self.abstention.threshold is None:
            return np.zeros(len(confidence), dtype=np.bool_)
        unsure: NDArray[np.bool_] = confidence < self.abstention.threshold
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
    fitted = calibrate(
        array, labels, label_smoothing=label_smoothing, alpha=alpha, class_conditional=class_conditional
    )
    return Confidence(
        correction=fitted.correction,
        alpha=alpha,
        set_thresholds=tuple(fitted.conformal.thresholds.tolist()),
        abstention=abstention_threshold(apply_temperature(array, 1.0), labels, risk, delta),
    )
