"""The probability of the explained class along the way from a text to nothing, or back."""

from __future__ import annotations

import math

import numpy as np

from whytrain.attribution.target import Target
from whytrain.explanation_scores.faithfulness.paths import best_order
from whytrain.explanation_scores.score import Array
from whytrain.explanation_scores.study import Study


def probabilities(target: Target, values: Array) -> Array:
    """Return the probabilities that a target's values stand for; a centered logit has none: NaN."""
    found = target.chances(values)
    return np.full(len(values), math.nan) if found is None else found


def area(curve: Array) -> float:
    """Return the area under a curve (n + 1,) over the share of words from 0 to 1, by trapezoids.

    >>> area(np.array([1.0, 0.5, 0.0]))
    0.5
    """
    return float((curve[1:] + curve[:-1]).mean() / 2)


def best_area(study: Study, *, removing: bool, largest: bool) -> Array:
    """Return the best area of each text over all orders of its words; NaN without a table."""
    found = []
    for place, target in enumerate(study.targets):
        values = study.table(place)
        if values is None:
            found.append(math.nan)
            continue
        p = probabilities(target, values)
        ends = (p[-1] - p[0]) if removing else (p[0] - p[-1])  # first minus last; trapezoids halve both
        mean = best_order(p, removing=removing, largest=largest)
        found.append(mean + ends / (2 * (len(p).bit_length() - 1)))
    return np.array(found)
