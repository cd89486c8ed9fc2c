"""Whether an explanation depends on what there was to learn: a model is trained on random labels."""

from __future__ import annotations

import numpy as np

from whytrain.explanation_scores.score import Array, Need, Score
from whytrain.explanation_scores.stability.trainings import correlations_with
from whytrain.explanation_scores.study import Judged


class RandomLabels(Score):
    """Size of the rank correlation with the explanation of a model that was trained on random labels, |ρ|.

    References:
        Adebayo et al. (2018), Sanity checks for saliency maps, section 3.2.
    """

    name = "random_labels"
    short = "rnd.lab."
    title = "size of the rank correlation with explanations of a model trained on random labels"
    unit = "correlation"
    higher_is_better = False
    range = (0.0, 1.0)
    needs: tuple[Need, ...] = ("random_labels",)

    def __call__(self, judged: Judged) -> Array:
        """Return the size for each text."""
        trained = judged.study.random_labels
        assert trained is not None
        return np.abs(correlations_with(judged, judged.study.asks_of(trained)))
