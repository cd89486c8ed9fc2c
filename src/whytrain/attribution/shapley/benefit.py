"""Interaction benefit: what players are worth as one beyond what they are worth alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.coalitions import coalition_sizes, n_players_of, subset_sums
from whytrain.attribution.shapley.values import Table, coalition_weights

Player = tuple[int, ...]  # the words that act as one


class Surroundings:
    """The random coalition that a newcomer meets among some players, each of them one or several words."""

    def __init__(self, table: Table, others: Sequence[Player]) -> None:
        """Enumerate the coalitions of `others` with their weights."""
        self._table = table
        self._coalitions = subset_sums(np.array([mask_of(player) for player in others], dtype=np.int64))
        self._weights = coalition_weights(len(others))[coalition_sizes(len(others))]
        self._alone = float(self._weights @ table[self._coalitions])

    def value(self, words: Player) -> float:
        """Shapley value of words that join these players as one: Σ_T w(T)·[v(T∪words) − v(T)]."""
        joined = self._table[self._coalitions + mask_of(words)]
        return float(self._weights @ joined) - self._alone


def mask_of(words: Player) -> int:
    """Return the coalition index of these words."""
    return sum(1 << word for word in words)


def benefit(table: Table, players: Sequence[Player], index: int) -> float:
    r"""Interaction benefit B([S]) of one of the current players.

    B([S]) = φ_{N∖S∪{[S]}}([S]) − Σ_{a∈S} φ_{N∖S∪{a}}(a): the value of S as one player minus the values
    of its words, each alone among the others, who stay merged as they are. Positive: synergy; negative:
    antagonism; 0 for a single word. For two words it is their pairwise Shapley interaction index.

    Args:
        table: float64 (2^n,), payoffs; bit i of the index = word i is present.
        players: the current players, tuples of words that together hold every word once.
        index: which of them is S.

    Raises:
        ValueError: the players are no partition of the words, or there is no such player.

    References:
        Zhang et al. (2021), Building interpretable interaction trees for deep NLP models, equation 2.

    >>> benefit(np.array([0.0, 0.0, 0.0, 1.0]), [(0, 1)], 0)  # AND
    1.0
    """
    n_words = n_players_of(len(table))
    if sorted(word for player in players for word in player) != list(range(n_words)):
        raise ValueError(f"expected players that hold each of the {n_words} words once, got {list(players)}")
    if not 0 <= index < len(players):
        raise ValueError(f"expected the index of one of {len(players)} players, got {index}")
    own = players[index]
    surroundings = Surroundings(table, [p for i, p in enumerate(players) if i != index])
    return benefit_among(surroundings, own, alone_values(surroundings, own))


def alone_values(surroundings: Surroundings, words: Player) -> NDArray[np.float64]:
    """Shapley value of each of the words, alone among the surroundings: (n_words,)."""
    return np.array([surroundings.value((word,)) for word in words])


def benefit_among(surroundings: Surroundings, words: Player, alone: NDArray[np.float64]) -> float:
    """Return B of the words among the surroundings, given their values alone; exactly 0 for one word."""
    return 0.0 if len(words) == 1 else surroundings.value(words) - float(alone.sum())
