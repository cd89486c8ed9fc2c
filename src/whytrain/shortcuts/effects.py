"""What a feature adds to each class in single texts: a model is asked about texts with and without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from whytrain.shortcuts.features import Feature, Text

Ask = Callable[[Sequence[str]], NDArray[np.float64]]  # texts to logits, float64 (n, n_classes)


class Asked:
    """A model whose answers are remembered: many features stand in one text.

    Attributes:
        n: how many texts it was asked about.
    """

    def __init__(self, ask: Ask) -> None:
        """Store the model."""
        self._ask, self._known, self.n = ask, dict[str, NDArray[np.float64]](), 0

    def remember(self, texts: Sequence[str], logits: NDArray[np.float64]) -> None:
        """Store answers that are known."""
        self._known |= dict(zip(texts, log_odds(logits), strict=True))

    def log_odds(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the log-odds of each class, log p - log(1 - p), float64 (n, n_classes)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known |= dict(zip(new, log_odds(self._ask(new)), strict=True))
            self.n += len(new)
        return np.array([self._known[text] for text in texts])


def log_odds(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log p - log(1 - p) of each class from logits, both (n, n_classes).

    >>> log_odds(np.array([[2.0, 0.5]])).tolist()
    [[1.5, -1.5]]
    """
    others = [logsumexp(np.delete(logits, k, axis=1), axis=1) for k in range(logits.shape[1])]
    difference: NDArray[np.float64] = logits - np.stack(others, axis=1)
    return difference


def effects(asked: Asked, wanted: Sequence[tuple[Feature, Sequence[Text]]]) -> list[NDArray[np.float64]]:
    """Return what each feature adds to each class in each of its texts, float64 (n, n_classes).

    Args:
        asked: the model.
        wanted: features, each with texts that have it.
    """
    batches = [[[text.text, *feature.changed(text)] for text in texts] for feature, texts in wanted]
    asked.log_odds([text for batch in batches for row in batch for text in row])  # all at once
    found = []
    for (feature, texts), batch in zip(wanted, batches, strict=True):
        values = np.array([asked.log_odds(row) for row in batch])
        states = np.array([feature.state(text.words) for text in texts], dtype=np.int64)
        found.append(feature.effect(values, states) if len(batch) else np.empty((0, 0)))
    return found


def word_effects(asked: Asked, text: Text) -> NDArray[np.float64]:
    """Return what each word of a text adds to each class where it stands, float64 (n_words, n_classes)."""
    whole = asked.log_odds([text.text])
    without = [text.without_place(place) for place in range(len(text.words))]
    return whole - asked.log_odds(without)
