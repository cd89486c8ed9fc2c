"""Which words may stand for which: those of like frequency and part of speech, or the mirror of a mark."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from whytrain.data.lexicon import Lexicon
from whytrain.guidance.marked_words import Words

N_CHOICES = 50  # words of nearest frequency that may stand for a word
_MOST_OFTEN = 2.0  # a stand-in is at most so many times as frequent, or as rare
_EVEN = 0.05  # farthest that the class share of a word and its stand-in may lie from that of all rows


def like_words(word: str, others: Collection[str], counts: Mapping[str, int], lexicon: Lexicon) -> list[str]:
    """Return other words with its part of speech, those of nearest log frequency first, at most `N_CHOICES`.

    Args:
        word: to be replaced.
        others: what may stand for it.
        counts: frequency of all of them.
        lexicon: tells parts of speech; words that it does not know are a part of their own.
    """
    kind = lexicon.part_of_speech(word)
    ranked = sorted(others, key=lambda other: (abs(np.log(counts[other] / counts[word])), other))
    found: list[str] = []
    for other in ranked:
        if len(found) == N_CHOICES:
            break
        if other != word and lexicon.part_of_speech(other) == kind:
            found.append(other)
    return found


def mirror_word(
    word: str,
    words: Words,
    classes: NDArray[np.float64],
    lexicon: Lexicon,
    rows: Collection[int] | None = None,
) -> str | None:
    """Return the word that says of the classes what a word says the other way round.

    Of the words of like frequency and part of speech it is the one with which, taken together, it is spread
    over the classes most nearly as all rows are. Where one of the two stands then tells nothing, if which of
    them stands there is left to chance.

    Args:
        word: that must not decide.
        words: of the training sentences.
        classes: float64 (n_rows, n_classes), 1 where a row has a class.
        lexicon: tells parts of speech.
        rows: that count; None: all.

    Returns:
        The word; None where even the best leaves more than 5 points of some class's share, or what so few
        rows do by chance.
    """
    chosen = set(range(len(classes))) if rows is None else set(rows)
    base = classes[sorted(chosen)].mean(axis=0)
    own = words.rows(word).keys() & chosen
    found = {other: words.rows(other).keys() & chosen for other in words.counts}
    candidates = {
        other: rows_of
        for other, rows_of in found.items()
        if 1 / _MOST_OFTEN <= len(rows_of) / len(own) <= _MOST_OFTEN
    }
    n_rows = {other: len(rows_of) for other, rows_of in candidates.items()} | {word: len(own)}
    best, nearest = None, np.inf
    for other in like_words(word, candidates, n_rows, lexicon):
        either = sorted(own | candidates[other])
        distance = float(np.abs(classes[either].mean(axis=0) - base).max())
        if distance < nearest and distance <= max(_EVEN, len(either) ** -0.5):
            best, nearest = other, distance
    return best
