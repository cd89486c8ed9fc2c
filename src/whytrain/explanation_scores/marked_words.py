"""Whether the words that decide most, by an explanation, are those that are known to be shortcuts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.attribution import ranking
from whytrain.data.words import bare_word
from whytrain.explanation_scores.score import Array, Need, Score
from whytrain.explanation_scores.study import Judged
from whytrain.shortcuts.marks import Mark


class MarkedWords(Score):
    """Precision: of as many words as a text has marked ones, from the largest |score| on, the marked share.

    It says something of an explanation only where the model is known to read the marked words, as in data in
    which they were planted.

    References:
        Bastings et al. (2022), "Will you find these shortcuts?": precision at k.
    """

    name = "marked_words"
    short = "marked"
    title = "share of marked words among as many words of the largest scores"
    unit = "share"
    higher_is_better = True
    range = (0.0, 1.0)
    diagnosticity = 0.99
    needs: tuple[Need, ...] = ("marks",)

    def __call__(self, judged: Judged) -> Array:
        """Return the precision for each text; NaN where nothing is marked, or everything."""
        marks = judged.study.marks
        return np.array([_precision(a.scores, is_marked(a.words, marks)) for a in judged.attributions])


def is_marked(words: Sequence[str], marks: Sequence[Mark]) -> NDArray[np.bool_]:
    """Return which words of a text are marked, bool (n,): of a pair only where all of it stands there."""
    bare = [bare_word(word) for word in words]
    found = np.zeros(len(words), dtype=bool)
    for mark in marks:
        if mark.kind == "pattern":
            found |= [re.fullmatch(mark.words[0], word, re.IGNORECASE) is not None for word in bare]
        elif mark.kind == "words" or set(mark.words) <= set(bare):
            found |= [word in mark.words for word in bare]
    return found


def _precision(scores: Array, marked: NDArray[np.bool_]) -> float:
    n_marked = int(marked.sum())
    if n_marked in (0, len(marked)):
        return math.nan
    return float(marked[ranking(scores)[:n_marked]].mean())
