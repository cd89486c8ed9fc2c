"""What a metric is: how it is called, read, computed, and computed again on resampled rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from whytrain.types import Predictions

Unit = Literal["share", "nats", "score"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scored:
    """Probabilities and gold labels: what every metric is computed from.

    Attributes:
        probabilities: floating (n_rows, n_classes), rows summing to 1 where classes exclude each other.
        labels: int64 (n_rows,), the gold classes; or 0 or 1, (n_rows, n_labels), the gold label sets.
        positive: of two classes the one that F1, precision, recall and rankings are about.
    """

    probabilities: NDArray[np.floating]
    labels: NDArray[np.int64]
    positive: int = 1

    @classmethod
    def of(cls, predictions: Predictions) -> Scored:
        """Return the probabilities of predictions, computed once for all metrics."""
        return cls(
            probabilities=predictions.probabilities, labels=predictions.labels, positive=predictions.positive
        )

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.labels)

    @property
    def n_classes(self) -> int:
        """Number of classes, whether or not they occur."""
        return int(self.probabilities.shape[1])

    @property
    def exclusive(self) -> bool:
        """Whether every row has exactly one class."""
        return self.labels.ndim == 1

    @property
    def positive_of_two(self) -> int | None:
        """The positive class of two; None of more, and of labels, where metrics are means over them."""
        return self.positive if self.exclusive and self.n_classes == 2 else None

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each row, the first of equals; or 1 for labels above 0.5."""
        if not self.exclusive:
            return (self.probabilities > 0.5).astype(np.int64)
        predicted: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return predicted


@dataclass(frozen=True)
class Mean:
    """A metric that is the mean of one term per row.

    Attributes:
        terms: scored rows → float64 (n_rows,).
    """

    terms: Callable[[Scored], NDArray[np.float64]]

    def value(self, scored: Scored) -> float:
        """Return the mean of the terms."""
        return float(self.terms(scored).mean())


@dataclass(frozen=True)
class OfSums:
    """A metric that is a function of sums over rows.

    Metrics with the same terms share them: a resample of all of them costs one matrix product.

    Attributes:
        terms: scored rows → float64 (n_rows, *shape), whole numbers, so that sums are exact.
        of_sums: sums (…, *shape) and the positive class of two (else None) → values (…).
    """

    terms: Callable[[Scored], NDArray[np.float64]]
    of_sums: Callable[[NDArray[np.float64], int | None], NDArray[np.float64]]

    def value(self, scored: Scored) -> float:
        """Return the function of the terms' sums."""
        return float(self.of_sums(self.terms(scored).sum(axis=0), scored.positive_of_two))


@dataclass(frozen=True)
class OfCounts:
    """A metric that is no function of sums over rows, but known for rows that are drawn several times.

    Attributes:
        drawn: scored rows and float64 (n_resamples, n_rows), how often each row is drawn → what metrics
            share that are computed from it.
        of_drawn: that → values (n_resamples,), NaN where it is not defined.
    """

    drawn: Callable[[Scored, NDArray[np.float64]], Any]
    of_drawn: Callable[[Any], NDArray[np.float64]]

    def value(self, scored: Scored) -> float:
        """Return the metric of rows that are there once."""
        return float(self.of_drawn(self.drawn(scored, np.ones((1, scored.n_rows))))[0])


@dataclass(frozen=True)
class ValueOnly:
    """A metric whose resamples say nothing about its uncertainty, so that it is told without an interval.

    Attributes:
        of_rows: scored rows → value.
    """

    of_rows: Callable[[Scored], float]

    def value(self, scored: Scored) -> float:
        """Return the value."""
        return self.of_rows(scored)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One score of predictions, and all that others need to know of it.

    Attributes:
        name: as logged behind `val/`, `test/`, `best/`.
        label: for people.
        meaning: what it measures, in a sentence.
        unit: `share` is told in percentage points where differences are meant; `score` has no unit.
        higher_is_better: the direction.
        lowest: smallest possible value.
        highest: largest possible value, or infinity.
        form: how it is computed.
        of_positive: for two classes it is about the positive one, for more a mean over classes.
        proportion: where it is a share of independent trials: successes and trials; None where it is not.
        shown: whether tables of results have it; not what another metric says already.
        compared: whether comparisons test differences in it; all those are corrected together.
    """

    name: str
    label: str
    meaning: str
    unit: Unit
    higher_is_better: bool
    lowest: float = 0.0
    highest: float = 1.0
    form: Mean | OfSums | OfCounts | ValueOnly = field(repr=False)
    of_positive: bool = False
    proportion: Callable[[Scored], tuple[int, int] | None] | None = field(default=None, repr=False)
    shown: bool = True
    compared: bool = False

    def value(self, scored: Scored) -> float:
        """Return the metric; NaN where it is not defined on these rows.

        Raises:
            DataError: probabilities or labels are not as described.
        """
        return self.form.value(scored)

    @property
    def title(self) -> str:
        """The label with the unit of its values.

        >>> from whytrain.metrics import NLL
        >>> NLL.title
        'NLL (nats)'
        """
        return f"{self.label} (nats)" if self.unit == "nats" else self.label

    @property
    def scale(self) -> float:
        """What a difference is multiplied with to be told: shares in points, hundredths."""
        return 100.0 if self.unit == "share" else 1.0

    @property
    def difference_unit(self) -> str:
        """The unit of told differences, empty for scores without one."""
        return {"share": "points", "nats": "nats", "score": ""}[self.unit]

    @property
    def mode(self) -> Literal["max", "min"]:
        """The direction as optimizers call it."""
        return "max" if self.higher_is_better else "min"
