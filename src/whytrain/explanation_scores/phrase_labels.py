"""Whether an explanation goes with what people say of the phrases of a text."""

from __future__ import annotations

import math

import numpy as np

from whytrain.attribution.attribution import Attribution
from whytrain.data.treebank import LabelledTree
from whytrain.explanation_scores.plausibility import phrase_correlation
from whytrain.explanation_scores.score import Array, Need, Score
from whytrain.explanation_scores.study import Judged, Study

_NEUTRAL = 2  # of the labels 0 to 4


class Plausibility(Score):
    """Rank correlation, over a text's phrases, of the sum of their words' scores with people's labels.

    Labels are turned round where the negative class is explained; of scores that are sizes alone they count
    by their distance from neutral. Plausible is not faithful: a model may decide by other words than people.

    References:
        Socher et al. (2013), the labels; Jacovi, Goldberg (2020), Towards faithfully interpretable NLP
        systems, on the difference.
    """

    name = "plausibility"
    short = "people"
    title = "rank correlation, over the phrases of a text, with what people say of them"
    unit = "correlation"
    higher_is_better = True
    range = (-1.0, 1.0)
    needs: tuple[Need, ...] = ("trees",)

    def missing(self, study: Study) -> str | None:
        """Say that people's labels are missing, or say nothing of the model's classes."""
        if study.trees and len(study.saved.class_names) != 2:
            return f"score={self.name}: people say how positive a phrase is: the model needs two classes"
        return super().missing(study)

    def __call__(self, judged: Judged) -> Array:
        """Return the correlation for each text; NaN where people label all phrases alike."""
        study = judged.study
        outcomes = zip(judged.attributions, study.trees, strict=True)
        # A class target of two classes: its index says whether the positive one is explained.
        names = study.saved.class_names
        return np.array([_correlation(a, tree, names[study.positive]) for a, tree in outcomes])


def _correlation(attribution: Attribution, tree: LabelledTree, positive: str) -> float:
    if len(attribution.words) != len(tree.words):
        return math.nan
    spans = sorted(tree.labels)
    labels = np.array([tree.labels[span] for span in spans], dtype=np.float64) - _NEUTRAL
    if not attribution.quantity.signed:
        labels = np.abs(labels)
    elif attribution.target.name != positive:
        labels = -labels
    values = np.array([attribution.scores[start:end].sum() for start, end in spans])
    return phrase_correlation(values, labels).spearman
