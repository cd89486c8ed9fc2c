"""Over how many words an explanation spreads its scores."""

from __future__ import annotations

import math

import numpy as np

from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged


class Conciseness(Score):
    r"""Effective number of words exp(H(p)), p_i = |score_i| / Σ|score|: 1 for one word, n for all alike.

    What is read faster is not truer: a model may read many words.

    References:
        Hill (1973), Diversity and evenness: the number of order 1.
    """

    name = "conciseness"
    short = "words"
    title = "over how many words the scores are spread (their effective number)"
    unit = "words"
    higher_is_better = False
    range = (1.0, math.inf)
    diagnosticity = 0.5

    def __call__(self, judged: Judged) -> Array:
        """Return the number for each text; NaN where all scores are 0."""
        return np.array([effective_number(a.scores) for a in judged.attributions])


def effective_number(scores: Array) -> float:
    """Return over how many words scores are spread; NaN where all are 0.

    >>> effective_number(np.array([0.5, -0.5])), effective_number(np.array([3.0, 0.0]))
    (2.0, 1.0)
    """
    sizes = np.abs(scores)
    if not sizes.sum() > 0:
        return math.nan
    p = sizes[sizes > 0] / sizes.sum()
    return float(np.exp(-(p * np.log(p)).sum()))
