"""A temperature per label: what a calibration slice says of labels that do not exclude each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.calibration.temperature import apply_temperature, fit_temperature
from whytrain.calibration.unsmoothing import remove_label_smoothing


@dataclass(frozen=True, kw_only=True)
class LabelConfidence:
    """How logits of labels become the probabilities that people see, as plain numbers to keep with a model.

    Attributes:
        label_smoothing: of the training labels, taken back before anything is fitted.
        smallest: what a probability is raised to on the way: one in the number of rows of the slice.
        temperatures: per label; divides its logit, never that of explanations.
    """

    label_smoothing: float
    smallest: float
    temperatures: tuple[float, ...]

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> LabelConfidence:
        """Read what `to_plain` wrote."""
        return cls(**{**plain, "temperatures": tuple(float(value) for value in plain["temperatures"])})

    def to_plain(self) -> dict[str, Any]:
        """Plain numbers and lists, as YAML has them."""
        return asdict(self) | {"temperatures": list(self.temperatures)}

    def probabilities(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities (n, n_labels) of logits (n, n_labels)."""
        array = np.asarray(logits, dtype=np.float64)
        if not len(array):
            return array
        columns = [
            apply_temperature(self._believed(column), temperature)[:, 1]
            for column, temperature in zip(array.T, self.temperatures, strict=True)
        ]
        return np.stack(columns, axis=1)

    def _believed(self, column: NDArray[np.float64]) -> NDArray[np.float64]:
        return remove_label_smoothing(_yes_or_no(column), self.label_smoothing, self.smallest)


def fit_label_confidence(
    logits: ArrayLike, labels: NDArray[np.int64], *, label_smoothing: float
) -> LabelConfidence:
    """Fit a temperature to each label: it is a question with two answers, whose logits are 0 and z.

    A label that all rows of the slice have, or none, or that is never wrong, keeps temperature 1.

    Args:
        logits: floating (n, n_labels) of the calibration slice, finite.
        labels: 0 or 1, int64 (n, n_labels).
        label_smoothing: of the training labels, in [0, 1).

    Raises:
        DataError: if logits or labels are not as described.
    """
    array = np.asarray(logits, dtype=np.float64)
    smallest = 1 / max(len(array), 3)
    temperatures = []
    for column, truth in zip(array.T, labels.T, strict=True):
        believed = remove_label_smoothing(_yes_or_no(column), label_smoothing, smallest)
        is_known = 0 < truth.sum() < len(truth)
        temperatures.append(fit_temperature(believed, truth).temperature if is_known else 1.0)
    return LabelConfidence(
        label_smoothing=label_smoothing, smallest=smallest, temperatures=tuple(temperatures)
    )


def _yes_or_no(column: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.zeros_like(column), column], axis=1)
