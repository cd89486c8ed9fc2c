"""What a task is: the one place that says what labels mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from whytrain.metrics import Metric

if TYPE_CHECKING:
    from torch import Tensor


class Task(Protocol):
    """How labels are read, what a model is taught and scored by, what it decides and how that is shown.

    Labels of n rows are int64 (n,) where classes exclude each other, and 0 or 1, int64 (n, n_labels), where
    they do not: whoever holds labels can tell by their shape.

    Attributes:
        name: as in `task=…`.
        exclusive: every row has exactly one class.
        title: for the beginning of a sentence.
        noun: what one of the names is called.
        nouns: what they are called.
    """

    name: ClassVar[str]
    exclusive: ClassVar[bool]
    title: ClassVar[str]
    noun: ClassVar[str]
    nouns: ClassVar[str]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What is logged of predictions."""
        ...

    def read(self, value: Any) -> tuple[str, ...]:
        """Return the names in a raw value of the column of labels.

        Raises:
            ValueError: it cannot be used; the message says why, such as `missing label`.
        """
        ...

    def encode(self, names: Sequence[tuple[str, ...]], class_names: Sequence[str]) -> NDArray[np.int64]:
        """Return what `read` gave of n rows as labels."""
        ...

    def show(self, labels: NDArray[np.integer[Any]], class_names: Sequence[str]) -> list[str]:
        """Return labels, or decisions, as people read them and tables hold them: one text per row."""
        ...

    def parse(self, shown: Sequence[str], class_names: Sequence[str]) -> NDArray[np.int64]:
        """Return the labels of what `show` wrote.

        Raises:
            ValueError: a text names what is not there.
        """
        ...

    def loss(self, logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
        """Return what each row costs in nats, (batch,).

        Args:
            logits: (batch, n_classes).
            labels: (batch,) or (batch, n_labels).
            label_smoothing: mass spread evenly over what a row, or one of its labels, may be.
        """
        ...

    def right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return whether everything about a row is right, bool (batch,)."""
        ...

    def probabilities(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return probabilities (n, n_classes) of logits (n, n_classes)."""
        ...

    def decisions(self, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
        """Return what is decided, in the form of labels."""
        ...

    def asked(self, labels: NDArray[np.int64]) -> int | None:
        """Return the output that explanations of one row ask about; None where it has no label.

        Args:
            labels: of this row: () or (n_labels,).
        """
        ...


def label_name(value: Any) -> str:
    """Return a label (or an id) as a string; an empty one where it is missing.

    Whole numbers lose the `.0` that a column with gaps gets: 1.0 and 1 are the same label.

    >>> label_name(1.0), label_name(" spam "), label_name(None)
    ('1', 'spam', '')
    """
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        if value.is_integer():
            return str(int(value))
    return str(value)
