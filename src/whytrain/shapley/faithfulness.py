"""What the words do to the payoff when they come or go: all from the one table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.games.coalitions import n_players_of
from whytrain.shapley.values import Table

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """How much the payoff falls without, and with only, the k most important words.

    Attributes:
        comprehensiveness: float64 (n,), v(N) − v(N∖top k) for k = 1 … n: high if the words are needed.
        sufficiency: float64 (n,), v(N) − v(top k): low if the words are enough.
    """

    comprehensiveness: Values
    sufficiency: Values


def occlusion(table: Table) -> Values:
    """What the payoff loses without a single word: v(N) − v(N∖i), float64 (n,).

    >>> occlusion(np.array([0.0, 1.0, 2.0, 5.0])).tolist()
    [3.0, 4.0]
    """
    everybody = len(table) - 1
    losses: Values = table[everybody] - table[everybody - (1 << np.arange(n_players_of(len(table))))]
    return losses


def ranking(importance: Values) -> NDArray[np.int64]:
    """Return the players from the largest |importance| to the smallest, ties in the sentence's order."""
    return np.argsort(-np.abs(importance), kind="stable")


def cumulative_path(table: Table, importance: Values) -> Values:
    """Payoff while words are added by importance, from the empty to the full sentence.

    Args:
        table: float64 (2^n,), payoffs.
        importance: float64 (n,), any attribution; the largest absolute value comes first.

    Returns:
        float64 (n + 1,), v(∅), v(top 1), …, v(N).
    """
    path: Values = table[np.concatenate([[0], np.cumsum(1 << ranking(importance))])]
    return path


def faithfulness(table: Table, importance: Values) -> Faithfulness:
    """Comprehensiveness and sufficiency of an attribution, for every number of words.

    Args:
        table: float64 (2^n,), payoffs.
        importance: float64 (n,), any attribution; the largest absolute value comes first.

    References:
        DeYoung et al. (2020), ERASER, equations 1 and 2; the mean over k is their AOPC.
    """
    top = np.cumsum(1 << ranking(importance))
    everybody = len(table) - 1
    return Faithfulness(table[everybody] - table[everybody - top], table[everybody] - table[top])
