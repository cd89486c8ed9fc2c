"""How much of the class's probability is there on average while words come."""

from __future__ import annotations

import numpy as np

from whytrain.explanation_scores.faithfulness.probability_curve import area, best_area, probabilities
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged, Study


class Insertion(Score):
    """Area under the probability of the explained class against the share of words that are there.

    References:
        Petsiuk, Das, Saenko (2018), RISE: randomized input sampling for explanation, section 4.2.
    """

    name = "insertion"
    short = "insert."
    title = "mean probability of the class while words are added, those named first at first"
    unit = "probability"
    higher_is_better = True
    range = (0.0, 1.0)
    diagnosticity = 1.0

    def best(self, study: Study) -> Array:
        """Return what the best of all orders reaches."""
        return best_area(study, removing=False, largest=True)

    def __call__(self, judged: Judged) -> Array:
        """Return the area of each text."""
        return np.array([area(probabilities(path.target, path.gaining)) for path in judged.paths])
