"""A correction per label: what a calibration slice says of labels that do not exclude each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.calibration.correction import Correction, fit_correction


@dataclass(frozen=True, kw_only=True)
class LabelConfidence:
    """How logits of labels become the probabilities that people see, as plain numbers to keep with a model.

    Attributes:
        corrections: per label, of its two answers; never of those that are explained.
    """

    corrections: tuple[Correction, ...]

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> LabelConfidence:
        """Read what `to_plain` wrote."""
        return cls(corrections=tuple(Correction(**correction) for correction in plain["corrections"]))

    def to_plain(self) -> dict[str, Any]:
        """Plain numbers and lists, as YAML has them."""
        return {"corrections": [asdict(correction) for correction in self.corrections]}

    def probabilities(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities (n, n_labels) of logits (n, n_labels)."""
        array = np.asarray(logits, dtype=np.float64)
        if not len(array):
            return array
        columns = [
            correction.probabilities(_yes_or_no(column))[:, 1]
            for column, correction in zip(array.T, self.corrections, strict=True)
        ]
        return np.stack(columns, axis=1)


def fit_label_confidence(
    logits: ArrayLike, labels: NDArray[np.int64], *, label_smoothing: float
) -> LabelConfidence:
    """Fit a correction to each label: it is a question with two answers, whose logits are 0 and z.

    A label that all rows of the slice have, or none, keeps its probabilities.

    Args:
        logits: floating (n, n_labels) of the calibration slice, finite, n ≥ 2.
        labels: 0 or 1, int64 (n, n_labels).
        label_smoothing: of the training labels, in [0, 1).

    Raises:
        DataError: if logits or labels are not as described.
    """
    array = np.asarray(logits, dtype=np.float64)
    smallest = 1 / max(len(array), 3)
    corrections = []
    for column, truth in zip(array.T, labels.T, strict=True):
        correction = Correction(label_smoothing=0.0, smallest=smallest, temperature=1.0)
        if 0 < truth.sum() < len(truth):
            correction = fit_correction(
                _yes_or_no(column), truth, label_smoothing=label_smoothing, smallest=smallest
            )
        corrections.append(correction)
    return LabelConfidence(corrections=tuple(corrections))


def _yes_or_no(column: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.zeros_like(column), column], axis=1)
