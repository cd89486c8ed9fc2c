"""Words as the page colors them: a class for the sign and ten for the size, no style of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.attribution import Quantity
from whytrain.data.words import word_spans
from whytrain.presentation.wording import score

STEPS = 10
_VISIBLE = 0.05  # share of the largest |score| below which a word stays as paper


@dataclass(frozen=True, kw_only=True)
class ColoredWord:
    """A word of a sentence.

    Attributes:
        place: from 0.
        word: as it is written.
        space: what stands before it.
        look: names of classes of the style sheet.
        told: its score in words.
    """

    place: int
    word: str
    space: str
    look: str
    told: str


def colored(
    words: Sequence[str],
    scores: NDArray[np.float64],
    quantity: Quantity,
    *,
    spaces: Sequence[str] | None = None,
    scale: float | None = None,
) -> list[ColoredWord]:
    """Return words with the looks of their scores.

    Args:
        words: as they are written.
        scores: float64 (n,).
        quantity: what the scores are.
        spaces: what stands before each; None: a space.
        scale: the size of the full color; None: the largest |score|.
    """
    largest = scale or float(np.abs(scores).max(initial=0.0)) or 1.0
    return [
        ColoredWord(
            place=place,
            word=word,
            space=" " if spaces is None else spaces[place],
            look=look(value / largest, signed=quantity.signed),
            told=f"{score(value, quantity, largest)} {quantity.unit}",
        )
        for place, (word, value) in enumerate(zip(words, scores.tolist(), strict=True))
    ]


def look(share: float, *, signed: bool = True) -> str:
    """Return the classes of a share of the full color, −1 to 1.

    >>> look(0.5), look(-1.0), look(0.01), look(0.3, signed=False)
    ('for k5', 'against k10', '', 'size k3')
    """
    if abs(share) < _VISIBLE:
        return ""
    sign = ("for" if share > 0 else "against") if signed else "size"
    return f"{sign} k{min(STEPS, max(1, round(abs(share) * STEPS)))}"


def spaces_of(text: str) -> list[str]:
    """Return what stands before each word of a text.

    >>> spaces_of("so  good")
    ['', '  ']
    """
    ends = [0, *(end for _, end in word_spans(text))]
    return [text[end:begin] for end, (begin, _) in zip(ends, word_spans(text), strict=False)]
