"""What the words do to the payoff when they come or go: all from the one table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.coalitions import n_players_of
from whytrain.attribution.shapley.values import Table

Values = NDArray[np.float64]


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


def removal_path(table: Table, importance: Values) -> Values:
    """Payoff while words are taken away by importance, from the full to the empty sentence.

    Args:
        table: float64 (2^n,), payoffs.
        importance: float64 (n,), any attribution; the largest absolute value goes first.

    Returns:
        float64 (n + 1,), v(N), v(N∖top 1), …, v(∅).
    """
    path: Values = table[len(table) - 1 - np.concatenate([[0], np.cumsum(1 << ranking(importance))])]
    return path


def mean_loss(path: Values, full: float) -> float:
    """How far a path stays below the full payoff on average over its n steps; its beginning does not count.

    Of a removal path it is the comprehensiveness (high: the words are needed), of a cumulative path the
    sufficiency (low: they are enough).

    References:
        DeYoung et al. (2020), ERASER, equations 1 and 2, as the area over the perturbation curve.

    >>> mean_loss(np.array([14.0, 3.0, 1.0, 1.0]), full=14.0)  # (11 + 13 + 13) / 3
    12.333333333333334
    """
    return float(full - path[1:].mean())
