"""The texts that an analysis asks about: the one that somebody gave, or some of the validation rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.analyses.subject import Subject
from whytrain.data.words import split_words
from whytrain.errors import DataError


@dataclass(frozen=True, kw_only=True, eq=False)
class ChosenTexts:
    """Texts with the answers that are held to be right.

    Attributes:
        texts: the texts.
        labels: int64 (n,), class indices: of the rows, or what the model says where somebody gave the text.
        is_given: whether somebody gave the text.
    """

    texts: list[str]
    labels: NDArray[np.int64]
    is_given: bool


def chosen_texts(subject: Subject, n: int, longest: int) -> ChosenTexts:
    """Return the text asked about, or validation rows drawn by the subject's seed.

    Args:
        subject: whose classes exclude each other.
        n: rows at most.
        longest: words that a row has at most.

    Raises:
        DataError: there is no such row.
    """
    if subject.text is not None:
        said = subject.saved.probabilities([subject.text]).argmax(axis=1)
        return ChosenTexts(texts=[subject.text], labels=said, is_given=True)
    rows = subject.validation
    short = [row for row, text in enumerate(rows.texts) if 0 < len(split_words(text)) <= longest]
    if not short:
        raise DataError(f"no validation row has {longest} words or fewer: allow more, or give text=")
    drawn = np.sort(np.random.default_rng(subject.seed).permutation(short)[:n])
    return ChosenTexts(texts=[rows.texts[row] for row in drawn], labels=rows.labels[drawn], is_given=False)
