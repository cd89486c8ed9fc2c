"""The smallest sets of words that turn a decision, or keep it: by an explanation's order, and of all sets."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.coalitions import n_players_of
from whytrain.attribution.target import Target
from whytrain.counterfactuals.deletions import least_sets
from whytrain.explanation_scores.score import Array
from whytrain.explanation_scores.study import Study

Decided = NDArray[np.bool_]  # for each row of logits: whether it is decided as the whole text is


def as_the_whole(target: Target, logits: NDArray[np.float32], whole: NDArray[np.float32]) -> Decided:
    """Return whether each of (n, n_outputs) logits is decided as those of the whole text (n_outputs,)."""
    return np.asarray(target.decisions(logits) == target.decisions(whole[None])[0])


def first_share(reached: Decided) -> float:
    """Return the share of words after which something is reached for the first time, by (n + 1,) steps.

    1 where it never is.

    >>> first_share(np.array([False, False, True, False])), first_share(np.array([False, False, False]))
    (0.6666666666666666, 1.0)
    """
    return float(np.argmax(reached)) / (len(reached) - 1) if reached.any() else 1.0


def smallest_share(reached: Decided, *, taken_away: bool) -> float:
    """Return the share of words of the smallest of all sets with which something is reached, by (2^n,) sets.

    Args:
        reached: for each coalition that is there.
        taken_away: the set is what is not there.
    """
    sets = least_sets(reached, taken_away=taken_away)
    return len(sets[0]) / n_players_of(len(reached)) if sets else 1.0


def smallest_shares(study: Study, share: Callable[[Decided], float]) -> Array:
    """Return a share of each text's table; NaN without a table, or where nothing decides as the whole."""
    found = []
    for place, target in enumerate(study.targets):
        if study.table(place) is None:
            found.append(math.nan)
            continue
        logits = study.asks[place].table(study.removal).logits
        same = as_the_whole(target, logits, logits[-1])
        found.append(math.nan if same[0] else share(same))
    return np.array(found)
