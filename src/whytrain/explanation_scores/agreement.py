"""How far methods say the same of the same texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from whytrain.attribution.attribution import Attribution, ranking
from whytrain.explanation_scores.randomization import rank_correlation
from whytrain.explanation_scores.score import Array

TOP = 3  # words


@dataclass(frozen=True, eq=False, kw_only=True)
class Agreement:
    """Every two methods on the same texts.

    Attributes:
        methods: m names.
        correlation: float64 (m, m), mean Spearman correlation of the words' scores; of a pair in which one
            gives sizes alone, of the sizes of both.
        top: float64 (m, m), mean share of the three words of the largest |score| that both name.
    """

    methods: tuple[str, ...]
    correlation: Array
    top: Array


def agreement(attributions: Mapping[str, Sequence[Attribution]]) -> Agreement:
    """Compare every two methods; texts for which a correlation is not defined do not count for it."""
    names = tuple(attributions)
    correlation, top = np.eye(len(names)), np.eye(len(names))
    for a, b in combinations(range(len(names)), 2):
        pairs = list(zip(attributions[names[a]], attributions[names[b]], strict=True))
        alike = np.array([same_order(first, second) for first, second in pairs])
        known = alike[np.isfinite(alike)]
        correlation[a, b] = correlation[b, a] = known.mean() if known.size else np.nan
        top[a, b] = top[b, a] = np.mean([top_share(first.scores, second.scores) for first, second in pairs])
    return Agreement(methods=names, correlation=correlation, top=top)


def same_order(first: Attribution, second: Attribution) -> float:
    """Return the rank correlation of two explanations of a text; of their sizes where one has no signs.

    1 is the same order of words, NaN where one of them names all words alike.
    """
    if first.quantity.signed and second.quantity.signed:
        return rank_correlation(first.scores, second.scores)
    return rank_correlation(np.abs(first.scores), np.abs(second.scores))


def top_share(first: Array, second: Array) -> float:
    """Return the share of the top words of one explanation that are among those of the other.

    >>> top_share(np.array([3.0, -2, 1, 0]), np.array([0.0, 1, 2, 3]))
    0.6666666666666666
    """
    k = min(TOP, len(first))
    return len(set(ranking(first)[:k].tolist()) & set(ranking(second)[:k].tolist())) / k
