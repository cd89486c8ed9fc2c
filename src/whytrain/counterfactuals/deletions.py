"""The least that must be taken out of a text before the answer is another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.coalitions import coalition_sizes, membership, n_players_of
from whytrain.shortcuts.features import Text

Decide = Callable[[NDArray[np.bool_]], NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class LeastDeletions:
    """Sets of units without which the answer is another one.

    Attributes:
        sets: all of the least size, each in the order of the text; where the search ended before, the one
            set that a greedy search found, or none.
        is_least: whether no smaller set turns the answer, and `sets` are all of their size.
        tried: up to which size all sets were tried.
    """

    sets: tuple[tuple[int, ...], ...]
    is_least: bool
    tried: int


def least_deletions(
    decide: Decide, importance: NDArray[np.float64], *, budget: int, shown: int = 5
) -> LeastDeletions:
    """Try all deletions of one unit, of two, … until an answer turns; beyond the budget only the likeliest.

    Something always stays: a text without any unit is no text. The greedy search takes out the most important
    units first, then puts back what need not go.

    Args:
        decide: the model, from who is present, bool (n_sets, n_units), to what it decides, int64 (n_sets,).
        importance: float64 (n_units,), what speaks for the answer; for the order of sets and the greedy
            search.
        budget: sets that are tried one by one, at least.
        shown: sets kept, those that take away most first.

    >>> both = lambda present: (present[:, 0] | present[:, 2]).astype(np.int64)  # either word is enough
    >>> least_deletions(both, np.array([2.0, 0.0, 1.0]), budget=100).sets
    ((0, 2),)
    """
    n = len(importance)
    whole = int(decide(np.ones((1, n), dtype=bool))[0])
    tried, spent = 0, 0
    for size in range(1, n):
        spent += comb(n, size)
        if spent > budget:
            break
        chosen = list(combinations(range(n), size))
        present = np.ones((len(chosen), n), dtype=bool)
        present[np.arange(len(chosen))[:, None], chosen] = False
        turned = np.flatnonzero(decide(present) != whole).tolist()
        tried = size
        if turned:
            turned.sort(key=lambda row: -float(importance[list(chosen[row])].sum()))
            return LeastDeletions(
                sets=tuple(chosen[row] for row in turned[:shown]), is_least=True, tried=tried
            )
    found = _greedy(decide, importance, whole) if tried < n - 1 else ()
    return LeastDeletions(sets=(found,) if found else (), is_least=False, tried=tried)


def least_deletions_of(
    decide: Callable[[list[str]], NDArray[np.int64]],
    text: Text,
    importance: NDArray[np.float64],
    *,
    budget: int,
) -> LeastDeletions:
    """Find the fewest words without which the answer is another one; see `least_deletions`.

    Args:
        decide: the model, from texts to what it decides, int64 (n_texts,).
        text: of at least one word.
        importance: float64 (n_words,).
        budget: texts that are tried, about.
    """

    def of_present(present: NDArray[np.bool_]) -> NDArray[np.int64]:
        return decide([text.without_places(np.flatnonzero(~row).tolist()) for row in present])

    return least_deletions(of_present, importance, budget=budget)


def least_sets(reached: NDArray[np.bool_], *, taken_away: bool) -> list[tuple[int, ...]]:
    """Return all smallest sets of words with which something is reached, from the table of all coalitions.

    Args:
        reached: bool (2^n,), for each coalition that is present.
        taken_away: the set is what is not present: what must go; otherwise what must stay.

    >>> least_sets(np.array([True, True, False, False]), taken_away=True)  # without the second of two words
    [(1,)]
    """
    n = n_players_of(len(reached))
    sizes = n - coalition_sizes(n) if taken_away else coalition_sizes(n)
    if not reached.any():
        return []
    least = np.flatnonzero(reached & (sizes == sizes[reached].min()))
    inside = membership(least, n) != taken_away
    return [tuple(np.flatnonzero(row).tolist()) for row in inside]


def _greedy(decide: Decide, importance: NDArray[np.float64], whole: int) -> tuple[int, ...]:
    """Return a set that turns the answer and of which no single unit need go; empty where none is found."""
    n, order = len(importance), np.argsort(-importance, kind="stable")
    present = np.ones((n - 1, n), dtype=bool)
    for row in range(n - 1):
        present[row, order[: row + 1]] = False
    turned = np.flatnonzero(decide(present) != whole)
    if not len(turned):
        return ()
    gone = order[: int(turned[0]) + 1].tolist()
    for unit in reversed(gone.copy()):
        without = np.ones((1, n), dtype=bool)
        without[0, [other for other in gone if other != unit]] = False
        if len(gone) > 1 and decide(without)[0] != whole:
            gone.remove(unit)
    return tuple(sorted(gone))
