"""Sentences of a small language, and a network who knows its rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from whytrain.surrogates.features import Feature, FeatureTable, WordCounter
from whytrain.surrogates.fitting import Answered

FILLER = ("a", "the", "film", "plot", "is", "was", "so", "and", "of", "scene")


def sentences(n: int, seed: int) -> list[str]:
    """Sentences of 2 to 8 filler words, half of them with "great", a third with "dull", anywhere."""
    draw = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        words = list(draw.choice(FILLER, size=draw.integers(2, 9)))
        for word, share in (("great", 0.5), ("dull", 0.33)):
            if draw.random() < share:
                words.insert(draw.integers(len(words) + 1), word)
        made.append(" ".join(words))
    return made


def planted_logits(texts: list[str]) -> np.ndarray:
    """The second class gains 3 by "great" and loses 2 by "dull"."""
    odds = [3.0 * ("great" in text.split()) - 2.0 * ("dull" in text.split()) - 0.5 for text in texts]
    return np.stack([np.zeros(len(texts)), np.array(odds)], axis=1)


@pytest.fixture(scope="session")
def fit() -> Callable[..., Any]:
    """Return a function that makes training and validation sentences of the planted network, and columns."""

    def make(n: int = 400, *, noise: float = 0.3, seed: int = 0) -> tuple[Answered, Answered, WordCounter]:
        texts, others = sentences(n, seed), sentences(200, seed + 1)
        counter = WordCounter(texts)
        draw = np.random.default_rng(seed)
        sides = []
        for part in (texts, others):
            logits = planted_logits(part)
            labels = logits.argmax(axis=1)
            labels = np.where(draw.random(len(part)) < noise, 1 - labels, labels)
            sides.append(Answered(read=counter.read(part), labels=labels, logits=logits))
        return sides[0], sides[1], counter

    return make


@pytest.fixture(scope="session")
def measured() -> Callable[[np.ndarray], FeatureTable]:
    """Return a function that makes a table of measured features x0, x1, … of an array."""

    def make(values: np.ndarray) -> FeatureTable:
        return FeatureTable(
            tuple(Feature(kind="hidden", what=f"x{i}") for i in range(values.shape[1])), values
        )

    return make
