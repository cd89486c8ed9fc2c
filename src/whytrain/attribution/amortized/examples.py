"""Sentences with their Shapley values: from tables where those are cheap, else from a few orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.amortized.games import Games
from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley.coalitions import membership
from whytrain.attribution.shapley.table import logits_of_many
from whytrain.attribution.shapley.values import shapley_values
from whytrain.attribution.units import Units
from whytrain.models.interface import ModelInterface

Array = NDArray[np.float64]

_TOGETHER = 64  # sentences that are evaluated at once


@dataclass(frozen=True, eq=False, kw_only=True)
class Example:
    """A sentence and the values of its words in each game.

    Attributes:
        units: the words.
        values: float64 (n_words, n_games).
        standard_errors: float64 (n_words, n_games), 0 where the values are exact.
        n_evaluations: coalitions that were evaluated.
    """

    units: Units
    values: Array
    standard_errors: Array
    n_evaluations: int


def evaluations_of(n_words: int, n_orders: int) -> int:
    """Return how many coalitions an example takes: all, or those of so many orders where they are fewer."""
    return min(1 << min(n_words, 62), 2 + 2 * n_orders * max(1, n_words - 1))


def make_examples(
    model: ModelInterface,
    sentences: Sequence[Units],
    games: Games,
    absence: Removal,
    *,
    n_orders: int,
    generator: np.random.Generator,
) -> Iterator[Example]:
    """Evaluate sentences, the values of all games from the same coalitions.

    An order and its reversal are evaluated as in `estimate_interactions`, at least two of them.

    Args:
        model: the model.
        sentences: the words of each.
        games: what is learned.
        absence: what stands where a word is absent.
        n_orders: orders of the words of a sentence whose table would take more.
        generator: draws the orders.
    """
    for start in range(0, len(sentences), _TOGETHER):
        chosen = sentences[start : start + _TOGETHER]
        orders = [_orders(len(units), n_orders, generator) for units in chosen]
        present = [_coalitions(o, len(units)) for o, units in zip(orders, chosen, strict=True)]
        logits = logits_of_many(model.coalition_model(), chosen, present, absence)
        for units, drawn, found in zip(chosen, orders, logits, strict=True):
            yield _example(units, drawn, games.values(found))


def affordable(sentences: Iterable[Units], n_orders: int, budget: int) -> list[Units]:
    """Return the sentences, from the first one on, that a budget of evaluations allows."""
    chosen = []
    for units in sentences:
        budget -= evaluations_of(len(units), n_orders)
        if budget < 0:
            break
        chosen.append(units)
    return chosen


def _orders(n: int, n_orders: int, generator: np.random.Generator) -> NDArray[np.int64] | None:
    """Return random orders (n_orders, n); None where the table takes no more."""
    if evaluations_of(n, n_orders) == 1 << min(n, 62):
        return None
    return generator.permuted(np.tile(np.arange(n), (n_orders, 1)), axis=1)


def _coalitions(orders: NDArray[np.int64] | None, n: int) -> NDArray[np.bool_]:
    if orders is None:
        return membership(np.arange(1 << n), n)
    prefixes = orders.argsort(axis=1)[:, None, :] < np.arange(1, n)[:, None]
    first = prefixes.reshape(-1, n)
    ends = np.array([[False], [True]]).repeat(n, axis=1)
    return np.concatenate([ends, first, ~first])


def _example(units: Units, orders: NDArray[np.int64] | None, values: Array) -> Example:
    n, n_games = len(units), values.shape[1]
    if orders is None:
        exact = np.column_stack([shapley_values(values[:, game]) for game in range(n_games)])
        return Example(
            units=units, values=exact, standard_errors=np.zeros_like(exact), n_evaluations=len(values)
        )
    end = np.broadcast_to((values[1] - values[0]) / 2, (len(orders), 1, n_games))
    first, second = values[2:].reshape(2, len(orders), n - 1, n_games)
    marginals = np.diff(np.concatenate([-end, (first - second) / 2, end], axis=1), axis=1)
    by_word = np.empty_like(marginals)
    np.put_along_axis(by_word, np.broadcast_to(orders[:, :, None], marginals.shape), marginals, axis=1)
    return Example(
        units=units,
        values=by_word.mean(axis=0),
        standard_errors=by_word.std(axis=0, ddof=1) / np.sqrt(len(orders)),
        n_evaluations=len(values),
    )
