"""How many words must go, in an explanation's order, until the model decides otherwise."""

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


class FlippingSet(Score):
    """Share of words up to the first k whose removal turns the decision.

    Only of texts whose empty text is decided otherwise: the words of others need not decide anything. The
    best is the smallest of all sets of words, in whatever order.

    References:
        Nguyen (2018), Comparing automatic and human evaluation of local explanations: switching point.
    """

    name = "flipping_set"
    short = "flip set"
    title = "share of words that must go, those named first at first, until the decision turns"
    unit = "share of words"
    higher_is_better = False
    range = (0.0, 1.0)
    diagnosticity = 0.97

    def best(self, study: Study) -> Array:
        """Return the share of the smallest of all sets of words that turn the decision."""
        return smallest_shares(study, lambda same: smallest_share(~same, taken_away=True))

    def __call__(self, judged: Judged) -> Array:
        """Return the share of each text; NaN where the empty text is decided alike."""
        return np.array([_share(path) for path in judged.paths])


def _share(path: Path) -> float:
    same = as_the_whole(path.target, path.removal, path.removal[0])
    return math.nan if same[-1] else first_share(~same)
