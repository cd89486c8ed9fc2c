"""What the prediction lacks while only the words that an explanation names first are there."""

from __future__ import annotations

import math

import numpy as np

from whytrain.attribution.deletion import mean_loss
from whytrain.explanation_scores.faithfulness.paths import best_order
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged, Study


class Sufficiency(Score):
    r"""AOPC 1/n·Σ_{k=1..n} (v(N) − v(top k)): low where the words named first are enough.

    Below 0 where they say more than the whole text, which also has words against the prediction.

    References:
        DeYoung et al. (2020), ERASER, equation 2, over every k instead of some shares of the words.
    """

    name = "sufficiency"
    short = "suffic."
    title = "what the prediction lacks while only the words named first are there"
    unit = "log-odds"
    higher_is_better = False
    range = (-math.inf, math.inf)
    diagnosticity = 1.0

    def best(self, study: Study) -> Array:
        """Return what the best of all orders reaches."""
        tables = [study.table(place) for place in range(len(study.texts))]
        return np.array(
            [math.nan if v is None else v[-1] - best_order(v, removing=False, largest=True) for v in tables]
        )

    def __call__(self, judged: Judged) -> Array:
        """Return the mean lack of each text."""
        return np.array([mean_loss(path.gaining, path.gaining[-1]) for path in judged.paths])
