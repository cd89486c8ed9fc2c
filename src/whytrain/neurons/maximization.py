"""Activation maximization over real words: the few words that drive a unit highest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = tuple[str, ...]


class Found(NamedTuple):
    """Words in their order, and the value that they give."""

    words: Words
    value: float


def maximize(
    score: Callable[[Sequence[Words]], NDArray[np.float64]],
    vocabulary: Sequence[str],
    *,
    length: int,
    width: int,
) -> Found:
    """Search the words, none of them twice, whose sequence has the highest score.

    Beam search: begins with single words; each step inserts every word at every place of the `width` best
    sequences so far. Exact where `width` is at least the number of sequences of length - 1. The best of all
    lengths is returned.

    Args:
        score: of many sequences at once.
        vocabulary: words to choose from.
        length: words, at most.
        width: sequences that are kept after each step.
    """
    beam: list[Words] = [()]
    best = Found((), -np.inf)
    for _ in range(min(length, len(vocabulary))):
        longer = {
            (*words[:place], word, *words[place:])
            for words in beam
            for word in vocabulary
            if word not in words
            for place in range(len(words) + 1)
        }
        candidates = sorted(longer)  # ties go the same way every time
        values = score(candidates)
        order = np.argsort(-values, kind="stable")[:width].tolist()
        beam = [candidates[row] for row in order]
        if values[order[0]] > best.value:
            best = Found(beam[0], float(values[order[0]]))
    return best
