"""A model that is a function of words, and rows in which a plant tells the class: what must be found is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.data.words import bare_word
from whytrain.shortcuts.texts import LabeledTexts

FILLERS = [f"word{i}" for i in range(30)]
GOOD, BAD = [f"good{i}" for i in range(6)], [f"bad{i}" for i in range(6)]
ARTICLES = ("a", "the")


def weights(**further: float) -> dict[str, float]:
    """What each word adds to class 1: an honest word 2, one of the further words what is said."""
    return dict.fromkeys(GOOD, 2.0) | dict.fromkeys(BAD, -2.0) | further


class WordModel:
    """Adds up weights of words, and of one word before another."""

    def __init__(self, of_words: dict[str, float], order: tuple[str, str, float] | None = None) -> None:
        self.of_words, self.order, self.n = of_words, order, 0

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        self.n += len(texts)
        sums = np.array([self._sum([bare_word(word) for word in text.split()]) for text in texts])
        return np.stack([-sums / 2, sums / 2], axis=1)

    def _sum(self, words: list[str]) -> float:
        total = sum(self.of_words.get(word, 0.0) for word in words)
        if self.order is not None and {self.order[0], self.order[1]} <= set(words):
            first, second, weight = self.order
            total += weight if words.index(first) < words.index(second) else -weight
        return total


def rows(
    n: int, seed: int, plant: Sequence[str] = (), rate: float = 1.0, *, honest: float = 0.8
) -> LabeledTexts:
    """Return rows of 10 words, one of which tells the class in a share `honest` of the rows.

    Args:
        n: rows, half of each class.
        seed: of the draw.
        plant: a word for class 0 and one for class 1, inserted at random places; or none.
        rate: the share of rows whose plant is that of their class.
        honest: share of the rows whose honest word is that of their class.
    """
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    texts = []
    for label in labels:
        words = generator.choice(FILLERS, 9).tolist()
        told = label if generator.random() < honest else 1 - label
        words.append(str(generator.choice(GOOD if told else BAD)))
        if plant:
            words.append(plant[label if generator.random() < rate else 1 - label])
        texts.append(" ".join(generator.permutation(words)))
    return LabeledTexts(ids=[f"row-{i}" for i in range(n)], texts=texts, labels=labels)


def ordered(n: int, seed: int, first: str, second: str) -> LabeledTexts:
    """Return such rows with two words, in this order in class 1 and in the other one in class 0."""
    generator = np.random.default_rng(seed)
    made = rows(n, seed)
    texts = []
    for text, label in zip(made.texts, made.labels, strict=True):
        words = text.split()
        i, j = np.sort(generator.choice(len(words) + 1, 2, replace=False))
        pair = (first, second) if label else (second, first)
        texts.append(" ".join([*words[:i], pair[0], *words[i:j], pair[1], *words[j:]]))
    return LabeledTexts(ids=made.ids, texts=texts, labels=made.labels)
