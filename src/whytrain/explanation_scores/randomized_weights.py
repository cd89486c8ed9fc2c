"""Whether an explanation depends on what the model has learned: its weights are replaced by random ones."""

from __future__ import annotations

from collections import deque
from typing import Annotated

import numpy as np
from annotated_types import Ge

from whytrain.explanation_scores.randomization import cascading_randomization
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.stability.trainings import correlations_with
from whytrain.explanation_scores.study import Judged, Study, with_model
from whytrain.models.saved import SavedModel


class RandomizedWeights(Score):
    """Mean size of the rank correlation with the explanations of models of random weights, |ρ|.

    What is explained alike whatever the weights are says nothing of the model. Two random rankings of eight
    words have 0.3 by chance.

    References:
        Adebayo et al. (2018), Sanity checks for saliency maps, section 3.1, all layers at once.
    """

    name = "randomized_weights"
    short = "rnd.wgt."
    title = "size of the rank correlation with explanations of models with random weights"
    unit = "correlation"
    higher_is_better = False
    range = (0.0, 1.0)
    diagnosticity = 1.0
    explains_again = True

    def __init__(self, *, draws: Annotated[int, Ge(1)]) -> None:
        """Store how many models are drawn."""
        self.draws = draws
        self._made: tuple[Study, list[SavedModel]] | None = None

    def __call__(self, judged: Judged) -> Array:
        """Return the mean size for each text."""
        study = judged.study
        alike = [np.abs(correlations_with(judged, study.asks_of(model))) for model in self._randomized(study)]
        return np.asarray(np.mean(alike, axis=0), dtype=np.float64)

    def _randomized(self, study: Study) -> list[SavedModel]:
        """Return the models, the same ones for every method."""
        if self._made is None or self._made[0] is not study:
            drawn = []
            for draw in range(self.draws):
                [(_, module)] = deque(cascading_randomization(study.saved.model, study.seed + draw), maxlen=1)
                drawn.append(with_model(study.saved, module))
            self._made = study, drawn
        return self._made[1]
