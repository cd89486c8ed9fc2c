"""What happens when words are deleted, or come back, in the order in which an attribution ranks them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.attribution import Attribution, ranking
from whytrain.types import RemovalName

Array = NDArray[np.float64]

N_PARTS = 3  # beginning, middle, end


@dataclass(frozen=True, eq=False, kw_only=True)
class Parts:
    """Beginning, middle and end of a sentence.

    Attributes:
        bounds: int64 (4,), the words of part p are bounds[p] … bounds[p + 1] − 1; parts differ by at most
            one word, the first ones being longer.
        alone: float64 (3,), v(part alone).
        attributed: float64 (3,), the sum of the words' scores.
        empty: v(∅), from which both are counted: `alone` − `empty` is what the part adds by itself.
    """

    bounds: NDArray[np.int64]
    alone: Array
    attributed: Array
    empty: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Deletion:
    """What the model says of parts of a text that an attribution chooses; v is the target's value.

    Attributes:
        absence: what stood where a word was absent.
        order: int64 (n,), the words from the largest |score| to the smallest.
        path: float64 (n + 1,), v while words are added in this order: v(∅), v(top 1), …, v(N).
        removal: float64 (n + 1,), v while they are taken away: v(N), v(N∖top 1), …, v(∅).
        occlusion: float64 (n,), what v loses without the word alone.
        parts: beginning, middle and end.
        prediction: what the model decides of the whole text, see `Target.decisions`.
        prediction_without_top: the same without the word of the largest |score|.
        prediction_without_top_two: without that of the second largest, too; of one word without it.
    """

    absence: RemovalName
    order: NDArray[np.int64]
    path: Array
    removal: Array
    occlusion: Array
    parts: Parts
    prediction: int
    prediction_without_top: int
    prediction_without_top_two: int

    @property
    def empty(self) -> float:
        """v(∅)."""
        return float(self.path[0])

    @property
    def full(self) -> float:
        """v(N)."""
        return float(self.path[-1])

    @property
    def comprehensiveness(self) -> float:
        """Mean loss of v while the top words are taken away: high where they are needed."""
        return mean_loss(self.removal, self.full)

    @property
    def sufficiency(self) -> float:
        """Mean loss of v while only the top words are there: low where they are enough."""
        return mean_loss(self.path, self.full)


def delete_words(
    attribution: Attribution, absence: RemovalName, ask: Callable[[NDArray[np.bool_]], NDArray[Any]]
) -> Deletion:
    """Delete and add words by their scores: 3n + 5 questions, all of which a text's table answers.

    Args:
        attribution: of a text's words.
        absence: what stands where a word is absent.
        ask: the model, from coalitions bool (n_coalitions, n_words) to logits (n_coalitions, n_outputs).
    """
    n = len(attribution.words)
    order = ranking(attribution.scores)
    bounds = np.concatenate([[0], np.cumsum([len(part) for part in np.array_split(order, N_PARTS)])])
    rows, first = np.arange(n), chain(order)
    present = np.concatenate(
        [
            first,  # the path: S_0 … S_n
            ~first,  # N∖S_0 … N∖S_n
            ~np.eye(n, dtype=bool),  # the text without one word
            (rows >= bounds[:-1, None]) & (rows < bounds[1:, None]),  # the parts alone
        ]
    )
    logits = ask(present)
    path, removal, without, alone = np.split(attribution.target.values(logits), np.cumsum([n + 1, n + 1, n]))
    # Removing the top 0, 1 and 2 words; of a single word the second is the first.
    whole, without_top, without_two = attribution.target.decisions(logits[n + 1 + np.minimum([0, 1, 2], n)])
    attributed = [attribution.scores[start:end].sum() for start, end in pairwise(bounds)]
    return Deletion(
        absence=absence,
        order=order,
        path=path,
        removal=removal,
        occlusion=path[-1] - without,
        parts=Parts(bounds=bounds, alone=alone, attributed=np.array(attributed), empty=float(path[0])),
        prediction=int(whole),
        prediction_without_top=int(without_top),
        prediction_without_top_two=int(without_two),
    )


def chain(order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the sets of the first 0, 1, … n words of an order, bool (n + 1, n).

    >>> chain(np.array([1, 0])).tolist()
    [[False, False], [False, True], [True, True]]
    """
    return np.asarray(order.argsort() < np.arange(len(order) + 1)[:, None])


def mean_loss(path: Array, full: float) -> float:
    """How far a path stays below the full value on average over its n steps; its beginning does not count.

    Of a removal path it is the comprehensiveness (high: the words are needed), of a cumulative path the
    sufficiency (low: they are enough).

    References:
        DeYoung et al. (2020), ERASER, equations 1 and 2, as the area over the perturbation curve.

    >>> mean_loss(np.array([14.0, 3.0, 1.0, 1.0]), full=14.0)  # (11 + 13 + 13) / 3
    12.333333333333334
    """
    return float(full - path[1:].mean())
