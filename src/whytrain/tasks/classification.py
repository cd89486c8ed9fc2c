"""Classification: one class of several that exclude each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from whytrain.metrics import METRICS, Metric
from whytrain.tasks.task import label_name

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Classification:
    """Every row has one class: softmax, cross-entropy; see `Task`."""

    name: ClassVar[str] = "classification"
    exclusive: ClassVar[bool] = True
    title: ClassVar[str] = "Classification"
    noun: ClassVar[str] = "class"
    nouns: ClassVar[str] = "classes"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those of `whytrain.metrics.METRICS`."""
        return METRICS

    def read(self, value: Any) -> tuple[str, ...]:
        """Return the one name.

        Raises:
            ValueError: there is none, or a list or an object, as where sentences have several labels.
        """
        if isinstance(value, list):
            raise ValueError("a list as label (task=multilabel reads lists)")
        if isinstance(value, dict):
            raise ValueError("an object as label")
        name = label_name(value)
        if not name:
            raise ValueError("missing label")
        return (name,)

    def encode(self, names: Sequence[tuple[str, ...]], class_names: Sequence[str]) -> NDArray[np.int64]:
        """Return the index of each row's class, int64 (n,)."""
        numbers = {name: number for number, name in enumerate(class_names)}
        return np.array([numbers[name] for (name,) in names], dtype=np.int64)

    def show(self, labels: NDArray[np.integer[Any]], class_names: Sequence[str]) -> list[str]:
        """Return the name of each row's class."""
        return [class_names[label] for label in labels.tolist()]

    def parse(self, shown: Sequence[str], class_names: Sequence[str]) -> NDArray[np.int64]:
        """Return the index of each name.

        Raises:
            ValueError: a name is not that of a class.
        """
        names = tuple(class_names)
        return np.array([names.index(name) for name in shown], dtype=np.int64)

    def loss(self, logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
        """Return the cross-entropy of each row, (batch,)."""
        from torch.nn import functional

        return functional.cross_entropy(
            logits.float(), labels, label_smoothing=label_smoothing, reduction="none"
        )

    def right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return whether the most probable class is the right one, (batch,)."""
        return logits.argmax(dim=-1) == labels

    def probabilities(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Softmax of the logits."""
        probabilities: NDArray[np.float64] = softmax(logits, axis=1)
        return probabilities

    def decisions(self, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
        """Return the most probable class of each row, the first of equals."""
        decided: NDArray[np.int64] = probabilities.argmax(axis=1)
        return decided

    def asked(self, labels: NDArray[np.int64]) -> int | None:
        """Return the row's class."""
        return int(labels)
