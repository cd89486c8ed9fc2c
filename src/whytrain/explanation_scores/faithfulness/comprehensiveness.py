"""What the prediction loses while the words that an explanation names first are taken away."""

from __future__ import annotations

import math

import numpy as np

from whytrain.attribution.deletion import mean_loss
from whytrain.explanation_scores.faithfulness.paths import best_order
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged, Study


class Comprehensiveness(Score):
    r"""AOPC 1/n·Σ_{k=1..n} (v(N) − v(N∖top k)): high where the words named first are needed.

    References:
        DeYoung et al. (2020), ERASER, equation 1, over every k instead of some shares of the words.
    """

    name = "comprehensiveness"
    short = "compreh."
    title = "what the prediction loses while the words named first are taken away"
    unit = "log-odds"
    higher_is_better = True
    range = (-math.inf, math.inf)
    diagnosticity = 1.0

    def best(self, study: Study) -> Array:
        """Return what the best of all orders reaches."""
        tables = [study.table(place) for place in range(len(study.texts))]
        return np.array(
            [math.nan if v is None else v[-1] - best_order(v, removing=True, largest=False) for v in tables]
        )

    def __call__(self, judged: Judged) -> Array:
        """Return the mean loss of each text."""
        return np.array([mean_loss(path.losing, path.losing[0]) for path in judged.paths])
