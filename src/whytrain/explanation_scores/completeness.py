"""By how much the scores of a text miss what they promise to sum to."""

from __future__ import annotations

import math

import numpy as np

from whytrain.attribution.attribution import Attribution
from whytrain.explanation_scores.faithfulness.paths import Path
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged

_ROUNDING = 1e-5  # of the difference: logits are float32


class Completeness(Score):
    r"""|Σ_i score_i − (v(N) − v(∅))|, with v as this study takes words away; only of additive, signed scores.

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
        """Return what is missed; NaN of scores whose sum means nothing, or only a size."""
        return np.array([_missed(a, p) for a, p in zip(judged.attributions, judged.paths, strict=True)])


def _missed(attribution: Attribution, path: Path) -> float:
    if not (attribution.quantity.additive and attribution.quantity.signed):
        return math.nan
    difference = path.losing[0] - path.losing[-1]
    missed = abs(float(attribution.scores.sum() - difference))
    return missed if missed > _ROUNDING * max(1.0, abs(float(difference))) else 0.0
