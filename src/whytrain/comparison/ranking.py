"""Every recipe against every other in accuracy: which leads, and from which it cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from whytrain.comparison.recipes import Recipe
from whytrain.comparison.runs import Progress, Sentences
from whytrain.metrics import accuracy_for, right_rows
from whytrain.statistics.comparison import enough_resamples
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.mcnemar import mcnemar
from whytrain.statistics.paired_bootstrap import paired_bootstrap

MOST_RESAMPLED = (
    12  # recipes: of several seeds each pair costs a bootstrap, and the more pairs the longer one
)


@dataclass(frozen=True, kw_only=True)
class RankedPair:
    """Two recipes, the more accurate one first.

    Attributes:
        better: name of the more accurate one.
        worse: name of the other.
        difference: of the accuracies, means over seeds; ≥ 0.
        p_value: of "no difference"; McNemar's exact test for one seed each, else of the crossed bootstrap.
        adjusted_p_value: after Holm's correction over all pairs.
    """

    better: str
    worse: str
    difference: float
    p_value: float
    adjusted_p_value: float


@dataclass(frozen=True, kw_only=True)
class RunRanking:
    """Recipes by accuracy.

    Attributes:
        accuracy: by name, means over seeds, the most accurate first.
        pairs: all of them, in this order; a pair of equals as the recipes came.
        level: 1 − level is the level of all tests together.
    """

    accuracy: dict[str, float]
    pairs: tuple[RankedPair, ...]
    level: float

    @property
    def leader(self) -> str:
        """The most accurate one."""
        return next(iter(self.accuracy))

    @property
    def level_with_leader(self) -> list[str]:
        """Those that cannot be told from the most accurate one."""
        behind = [pair for pair in self.pairs if pair.better == self.leader]
        return [pair.worse for pair in behind if pair.adjusted_p_value > 1 - self.level]


def rank(
    recipes: Sequence[Recipe],
    sentences: Sentences,
    progress: Progress,
    *,
    level: float,
    n_resamples: int,
    seed: int,
) -> RunRanking | None:
    """Test every pair of recipes; None for two recipes, and where so many would take too long.

    The leader is chosen by looking at all, so that a claim about it needs the correction over all pairs.

    Args:
        recipes: in any order.
        sentences: that they judged.
        progress: shows how far it is.
        level: 1 − level is the level of all tests together.
        n_resamples: of the bootstrap, at least.
        seed: of the resampling.
    """
    if len(recipes) == 2 or (len(recipes) > MOST_RESAMPLED and any(len(r.runs) > 1 for r in recipes)):
        return None
    right = {recipe.name: right_rows(recipe.probabilities, sentences.labels) for recipe in recipes}
    accuracy = {name: float(answers.mean()) for name, answers in right.items()}
    ordered = sorted(recipes, key=lambda recipe: -accuracy[recipe.name])
    pairs = list(combinations(ordered, 2))
    n_enough = enough_resamples(len(pairs), level, n_resamples)

    def p_value(a: Recipe, b: Recipe) -> float:
        if len(a.runs) == len(b.runs) == 1:
            return mcnemar(right[a.name][0], right[b.name][0]).p_value
        return _crossed(a, b, sentences.labels, n_enough, seed)

    p_values = [p_value(*pair) for pair in progress(pairs, "comparing every pair")]
    adjusted = holm_correction(p_values).tolist()
    return RunRanking(
        accuracy={recipe.name: accuracy[recipe.name] for recipe in ordered},
        pairs=tuple(
            RankedPair(
                better=a.name,
                worse=b.name,
                difference=accuracy[a.name] - accuracy[b.name],
                p_value=p_value,
                adjusted_p_value=p_adjusted,
            )
            for (a, b), p_value, p_adjusted in zip(pairs, p_values, adjusted, strict=True)
        ),
        level=level,
    )


def _crossed(a: Recipe, b: Recipe, labels: NDArray[np.int64], n_resamples: int, seed: int) -> float:
    found = paired_bootstrap(
        a.probabilities,
        b.probabilities,
        labels,
        metrics=[accuracy_for(labels)],
        paired_seeds=a.seeds == b.seeds,
        n_resamples=n_resamples,
        seed=seed,
    )
    return found.differences[0].p_value
