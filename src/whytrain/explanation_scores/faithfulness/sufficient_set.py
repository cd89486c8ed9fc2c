"""How many words, in an explanation's order, are enough for the model to decide as it does."""

from __future__ import annotations

import math

import numpy as np

from whytrain.explanation_scores.faithfulness.paths import Path
from whytrain.explanation_scores.faithfulness.word_sets import (
    as_the_whole,
    first_share,
    smallest_share,
    smallest_shares,
)
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged, Study


class SufficientSet(Score):
    """Share of words up to the first k that alone are decided as the whole text is.

    Only of texts whose empty text is decided otherwise: of others nothing is enough. The best is the smallest
    of all sets of words, in whatever order.

    References:
        Carter et al. (2019), What made you do this? Understanding black-box decisions with sufficient input
        subsets.
    """

    name = "sufficient_set"
    short = "suff.set"
    title = "share of words, those named first at first, that alone are decided as the whole text is"
    unit = "share of words"
    higher_is_better = False
    range = (0.0, 1.0)
    diagnosticity = 0.95

    def best(self, study: Study) -> Array:
        """Return the share of the smallest of all sets of words that are enough."""
        return smallest_shares(study, lambda same: smallest_share(same, taken_away=False))

    def __call__(self, judged: Judged) -> Array:
        """Return the share of each text; NaN where the empty text is decided alike."""
        return np.array([_share(path) for path in judged.paths])


def _share(path: Path) -> float:
    same = as_the_whole(path.target, path.insertion, path.insertion[-1])
    return math.nan if same[0] else first_share(same)
