"""Whether a model of another training, or of another epoch, is explained alike."""

from __future__ import annotations

import math

import numpy as np

from whytrain.attribution.ask import Ask
from whytrain.data.label_names import few_of
from whytrain.explanation_scores.randomization import rank_correlation
from whytrain.explanation_scores.score import Array, Need, Score
from whytrain.explanation_scores.study import Judged, Study, explanations


class StabilityOfTrainings(Score):
    """Rank correlation of a text's scores with those of another model, for the same class.

    A second training of the same recipe decides alike on nearly all texts; what differs between their
    explanations is due to the seed, and nothing to draw conclusions from.
    """

    name = "stability_trainings"
    short = "retrain."
    title = "rank correlation with the explanation of the other model, for the same class"
    unit = "correlation"
    higher_is_better = True
    range = (-1.0, 1.0)
    needs: tuple[Need, ...] = ("other",)

    def missing(self, study: Study) -> str | None:
        """Say that another model is missing, or has other classes."""
        other = study.other
        if other is not None and other.class_names != study.saved.class_names:
            return (
                f"score={self.name}: the classes of the other model are {few_of(other.class_names)}, "
                f"not {few_of(study.saved.class_names)}: give other=RUN of the same data"
            )
        return super().missing(study)

    def __call__(self, judged: Judged) -> Array:
        """Return the correlation for each text; NaN where the other model reads other words."""
        assert judged.study.other is not None
        return correlations_with(judged, judged.study.asks_of(judged.study.other))


def correlations_with(judged: Judged, asks: list[Ask]) -> Array:
    """Return how a method's scores of texts go with those for another model, (n,)."""
    study = judged.study
    same = [a.units.words == b.units.words for a, b in zip(study.asks, asks, strict=True)]
    chosen = np.flatnonzero(same)
    found = np.full(len(asks), math.nan)
    if chosen.size:
        targets = [study.targets[place] for place in chosen]
        others = explanations(judged.explainer, [asks[i] for i in chosen], targets, study.seed)
        for place, other in zip(chosen, others, strict=True):
            found[place] = rank_correlation(judged.attributions[place].scores, other.scores)
    return found
