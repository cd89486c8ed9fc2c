"""Whether a method says the same of a text when it is drawn anew."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Ge

from whytrain.explanation_scores.randomization import rank_correlation
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged


class StabilityOfDraws(Score):
    """Mean rank correlation of a text's scores with those of other seeds of the method itself.

    1 for a method that draws nothing.
    """

    name = "stability_draws"
    short = "redrawn"
    title = "rank correlation with the same method under another seed"
    unit = "correlation"
    higher_is_better = True
    range = (-1.0, 1.0)
    diagnosticity = 0.5
    explains_again = True

    def __init__(self, *, seeds: Annotated[int, Ge(1)]) -> None:
        """Store how many further seeds are tried."""
        self.seeds = seeds

    def __call__(self, judged: Judged) -> Array:
        """Return the mean correlation of each text."""
        study = judged.study
        again = [judged.again(study.asks, seed=study.seed + 1 + k) for k in range(self.seeds)]
        return np.array(
            [
                np.mean([rank_correlation(first.scores, other.scores) for other in others])
                for first, others in zip(judged.attributions, zip(*again, strict=True), strict=True)
            ]
        )
