"""Words go, or come, in the order in which an explanation says that they speak for the target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution, ranking
from whytrain.attribution.deletion import chain
from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley.coalitions import coalition_sizes, n_players_of
from whytrain.attribution.target import Target

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Path:
    """What a model says on the way from a text to nothing, and from nothing to the text.

    Attributes:
        target: what is explained.
        removal: logits (n + 1, n_outputs) of the text without its first 0, 1, … n words.
        insertion: logits (n + 1, n_outputs) of its first 0, 1, … n words alone.
    """

    target: Target
    removal: NDArray[np.float32]
    insertion: NDArray[np.float32]

    @property
    def losing(self) -> Array:
        """The target's value while words are taken away, (n + 1,)."""
        return self.target.values(self.removal)

    @property
    def gaining(self) -> Array:
        """The target's value while words are added, (n + 1,)."""
        return self.target.values(self.insertion)


def support_order(attribution: Attribution) -> NDArray[np.int64]:
    """Return the words from what speaks most for the target to what speaks most against it.

    Scores that are sizes alone do not tell for from against: they go from the largest to the smallest. Ties
    stay in the order of the text.
    """
    if not attribution.quantity.signed:
        return ranking(attribution.scores)
    return np.argsort(-attribution.scores, kind="stable")


def follow(ask: Ask, attribution: Attribution, removal: Removal) -> Path:
    """Take away, and add, a text's words in the order of an explanation."""
    present = chain(support_order(attribution))
    logits = ask.logits(np.concatenate([~present, present]), removal)
    gone, there = np.split(logits, 2)
    return Path(target=attribution.target, removal=gone, insertion=there)


def best_order(values: Array, *, removing: bool, largest: bool) -> float:
    r"""Return the best mean of the values that follow, over all orders in which words go, or come.

    Of an order π the mean is 1/n·Σ_{k=1..n} v(S_k), S_k what is there after k steps. The best one is found
    without trying the n! orders: f(S) = v(S) + opt_{i} f(S ± i) over the 2^n sets.

    Args:
        values: v of all coalitions, float64 (2^n,), n ≥ 1.
        removing: start with all words and take them away; else start with none and add them.
        largest: whether a large mean is the good one.
    """
    n_words = n_players_of(len(values))
    # Taking away from S is adding to its complement, whose index is read from the other end.
    v = values[::-1] if removing else values
    optimum = np.maximum if largest else np.minimum
    indices = np.arange(len(v))
    sizes = coalition_sizes(n_words)
    total = np.zeros(len(v))
    for size in range(n_words - 1, -1, -1):
        here = indices[sizes == size]
        following = np.full(len(here), -np.inf if largest else np.inf)
        for word in range(n_words):
            free = (here >> word) & 1 == 0
            then = here[free] | (1 << word)
            following[free] = optimum(following[free], v[then] + total[then])
        total[here] = following
    return float(total[0] / n_words)
