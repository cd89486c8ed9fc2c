"""Which answers no deletion of few words can turn: all of them are tried, so it is certain."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from whytrain.shortcuts.features import Text
from whytrain.types import Predict


def certified(
    predict: Predict, texts: Sequence[str], labels: Sequence[int], *, most: int, budget: int
) -> NDArray[np.float64]:
    """Say of each text and each k whether its answer is right whatever k words or fewer are left out.

    Args:
        predict: the model.
        texts: the texts.
        labels: class indices of the right answers.
        most: the largest k.
        budget: of a text, sets that are tried at most; beyond, nothing is said of it.

    Returns:
        float64 (n_texts, most + 1): 1 for certified, 0 where a set of at most k words turns it, NaN where
        there are too many sets, or no k words that leave one.
    """
    found = np.full((len(texts), most + 1), np.nan)
    for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
        split, spent, holds = Text(text), 0, True
        n = len(split.words)
        for size in range(min(most, n - 1) + 1):
            spent += comb(n, size)
            if holds and spent > budget:
                break
            if holds:
                sets = combinations(range(n), size)
                holds = bool((predict([split.without_places(s) for s in sets]).argmax(axis=1) == label).all())
            found[row, size] = float(holds)
    return found
