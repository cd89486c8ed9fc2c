"""What features add in training texts: which of them move the decisions of a model most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.shortcuts.effects import Asked, effects
from whytrain.shortcuts.features import Feature, Text

ASKED_ROWS = 100  # training texts that a candidate is asked about
CANDIDATES = 20  # what is listed
_DOMINATED = 2.0  # a feature with a word of a stronger one is a part of it
Floats = NDArray[np.float64]


class Seen:
    """A feature in the training texts: where it stands, and what it adds there.

    Attributes:
        feature: what it is.
        states: int64 (n_rows,), see `Feature.state`.
        rows: int64, those that have it.
        sample: int64, those of them that the model is asked about, in the order in which it is.
        coverage: share of the rows that have it.
        priors: float64 (n_classes,), share of each class in all rows.
        told: index of the class that its rows most exceed.
        values: float64 (n_asked, n_classes), what it adds in the first rows of the sample.
    """

    def __init__(
        self,
        feature: Feature,
        texts: Sequence[Text],
        rows_with: Mapping[str, Sequence[int]],
        labels: NDArray[np.int64],
        n_classes: int,
        generator: np.random.Generator,
    ) -> None:
        """Look where it stands, and draw the sample."""
        self.feature = feature
        self.rows = np.array(
            sorted(set.intersection(*(set(rows_with[word]) for word in feature.words))), dtype=np.int64
        )
        self.states = np.zeros(len(texts), dtype=np.int64)
        self.states[self.rows] = [feature.state(texts[row].words) for row in self.rows]
        usable = [row for row in self.rows.tolist() if len(texts[row].words) > len(feature.words)]
        self.sample = generator.permutation(np.array(usable, dtype=np.int64))[:ASKED_ROWS]
        self.coverage = len(self.rows) / len(texts)
        self.priors = np.bincount(labels, minlength=n_classes) / len(labels)
        shares = np.bincount(labels[self.rows], minlength=n_classes) / max(len(self.rows), 1)
        self.told = int((shares - self.priors).argmax())
        self.values: Floats = np.empty((0, n_classes))

    @property
    def means(self) -> Floats:
        """What it adds to each class, float64 (n_classes,)."""
        return self.values.mean(axis=0) if len(self.values) else np.zeros(len(self.priors))

    @property
    def lean(self) -> float:
        """How much of all decisions it moves, log-odds per row."""
        return self.coverage * float(self.means.max())


def rows_with(texts: Sequence[Text]) -> dict[str, list[int]]:
    """Return the rows in which each word stands."""
    found: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        for word in set(text.words):
            found[word].append(row)
    return found


def measure(found: Sequence[Seen], n_rows: int, texts: Sequence[Text], asked: Asked) -> None:
    """Ask what features add, in so many texts each."""
    wanted = [(seen.feature, [texts[row] for row in seen.sample[:n_rows]]) for seen in found]
    for seen, values in zip(found, effects(asked, wanted), strict=True):
        seen.values = values


def strongest(found: Sequence[Seen]) -> list[Seen]:
    """Return the features that move most, without those that are parts of a stronger one."""
    kept: list[Seen] = []
    for seen in sorted(found, key=lambda seen: -seen.lean):
        words = set(seen.feature.words)
        parts = (
            other
            for other in kept
            if words & set(other.feature.words) and other.lean >= _DOMINATED * seen.lean
            if len(other.feature.words) > 1 or len(words) > 1
        )
        if len(seen.values) > 1 and seen.lean > 0 and next(parts, None) is None:
            kept.append(seen)
        if len(kept) == CANDIDATES:
            break
    return kept


def said_class(states: NDArray[np.int64], speaks_for: int, against: int) -> NDArray[np.int64]:
    """Return the class that a feature speaks for in each row that has it."""
    return np.where(states > 0, speaks_for, against)


def toward_true(values: Floats, states: NDArray[np.int64], labels: NDArray[np.int64]) -> Floats:
    """Return what a feature adds to the true class of each row, an order as it stands there."""
    toward: Floats = values[np.arange(len(labels)), labels] * np.sign(states)
    return toward
