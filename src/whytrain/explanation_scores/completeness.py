"""By how much the scores of a text miss what they promise to sum to."""

from __future__ import annotations

import math

import numpy as np

from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged


class Completeness(Score):
    r"""|Σ_i score_i − (v(N) − v(∅))|, with v as this study takes words away; only of additive scores.

    A method that takes them away otherwise (a gradient's baseline) sums to another difference, and is told
    so: its scores are in another currency.

    References:
        Sundararajan, Taly, Yan (2017), Axiomatic attribution for deep networks: completeness.
    """

    name = "completeness"
    short = "complete"
    title = "by how much the scores of a text miss the difference that its words make together"
    unit = "log-odds"
    higher_is_better = False
    range = (0.0, math.inf)
    diagnosticity = 1.0

    def __call__(self, judged: Judged) -> Array:
        """Return what is missed; NaN of scores whose sum means nothing."""
        paths = zip(judged.attributions, judged.paths, strict=True)
        return np.array(
            [
                abs(a.scores.sum() - (path.losing[0] - path.losing[-1])) if a.quantity.additive else math.nan
                for a, path in paths
            ]
        )
