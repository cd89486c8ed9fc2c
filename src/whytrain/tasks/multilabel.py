"""Multi-label classification: any number of labels per row, none included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from whytrain.metrics import MULTILABEL_METRICS, Metric
from whytrain.tasks.task import label_name

if TYPE_CHECKING:
    from torch import Tensor

JOINED = ";"  # between the labels of a row in tables, whatever stands between them in the user's file


@dataclass(frozen=True, kw_only=True)
class MultiLabel:
    """Every label is a question of its own: sigmoid, binary cross-entropy; see `Task`.

    Attributes:
        separator: what stands between the labels where a value is a string; None: values are lists, and a
            string is one label.
    """

    name: ClassVar[str] = "multilabel"
    exclusive: ClassVar[bool] = False
    title: ClassVar[str] = "Multi-label classification"
    noun: ClassVar[str] = "label"
    nouns: ClassVar[str] = "labels"

    separator: str | None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those of `whytrain.metrics.MULTILABEL_METRICS`."""
        return MULTILABEL_METRICS

    def read(self, value: Any) -> tuple[str, ...]:
        """Return the labels of a list or a string, each once, in their order; none for an empty value.

        Raises:
            ValueError: an object, a list of other than names, or a label that holds what joins labels.

        >>> MultiLabel(separator="|").read("tax | law"), MultiLabel(separator=None).read(["law", 3.0])
        (('tax', 'law'), ('law', '3'))
        """
        parts = value
        if not isinstance(value, list):
            if isinstance(value, dict):
                raise ValueError("an object as label")
            name = label_name(value)
            parts = name.split(self.separator) if self.separator else [name]
        if any(isinstance(part, (list, dict)) for part in parts):
            raise ValueError("a list of lists or objects as label")
        names = tuple(dict.fromkeys(name for part in parts if (name := label_name(part))))
        if any(JOINED in name for name in names):
            raise ValueError(f"a label with {JOINED!r} in it, which joins labels: see task.separator")
        return names

    def encode(self, names: Sequence[tuple[str, ...]], class_names: Sequence[str]) -> NDArray[np.int64]:
        """Return 1 for each label that a row has, int64 (n, n_labels)."""
        numbers = {name: number for number, name in enumerate(class_names)}
        labels = np.zeros((len(names), len(class_names)), dtype=np.int64)
        for row, found in enumerate(names):
            labels[row, [numbers[name] for name in found]] = 1
        return labels

    def show(self, labels: NDArray[np.integer[Any]], class_names: Sequence[str]) -> list[str]:
        """Return the labels of each row, joined; an empty text for none.

        >>> MultiLabel(separator=None).show(np.array([[1, 0, 1], [0, 0, 0]]), ("a", "b", "c"))
        ['a;c', '']
        """
        return [JOINED.join(class_names[k] for k in np.flatnonzero(row).tolist()) for row in labels]

    def parse(self, shown: Sequence[str], class_names: Sequence[str]) -> NDArray[np.int64]:
        """Return 1 for each label that a text names, int64 (n, n_labels).

        Raises:
            ValueError: a name is not that of a label.
        """
        names = [tuple(text.split(JOINED)) if text else () for text in shown]
        if unknown := {name for found in names for name in found} - set(class_names):
            raise ValueError(f"no label is called {sorted(unknown)[0]}")
        return self.encode(names, class_names)

    def loss(self, logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
        """Return the binary cross-entropy of each row, mean over its labels, (batch,).

        Smoothing moves every 0 and 1 by half of it towards 0.5, as cross-entropy of two classes does.
        """
        from torch.nn import functional

        wanted = labels.float() * (1 - label_smoothing) + label_smoothing / 2
        errors = functional.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="none")
        return errors.mean(dim=1)

    def right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return whether all labels of a row are right, (batch,)."""
        return (logits > 0).eq(labels.bool()).all(dim=1)

    def probabilities(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Sigmoid of each logit."""
        probabilities: NDArray[np.float64] = expit(logits)
        return probabilities

    def decisions(self, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
        """Return 1 for the labels that are more probable than not."""
        return (probabilities > 0.5).astype(np.int64)

    def asked(self, labels: NDArray[np.int64]) -> int | None:
        """Return the first label that the row has."""
        return int(labels.argmax()) if labels.any() else None
