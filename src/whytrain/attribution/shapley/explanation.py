"""Everything that is said about one sentence under one absence, exact or estimated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.grouping import group_to_budget
from whytrain.attribution.payoffs import payoffs
from whytrain.attribution.removal import Absence
from whytrain.attribution.shapley.deletion_path import cumulative_path, occlusion, ranking, removal_path
from whytrain.attribution.shapley.estimators import MIN_PLAYERS, estimate_interactions, minimum_budget
from whytrain.attribution.shapley.game import sentence_game
from whytrain.attribution.shapley.interaction_tree import InteractionTree, interaction_tree
from whytrain.attribution.shapley.positions import N_PARTS, Parts, part_values
from whytrain.attribution.shapley.table import coalition_logits, coalition_table
from whytrain.attribution.shapley.values import pair_interactions, shapley_values
from whytrain.attribution.units import Players
from whytrain.types import Payoff, PredictFn, PrefixModel

Array = NDArray[np.float64]

TREE_CHUNKS = 10  # players of the tree of a sentence whose values are estimated: 1,024 evaluations


@dataclass(frozen=True, eq=False)
class Explanation:
    """A sentence explained for one class, payoff and absence.

    Attributes:
        words: the n players.
        absence: what stood where a word was absent.
        payoff: what the values are shares of.
        class_index: whose payoff.
        values: float64 (n,), Shapley values; they sum to `full` − `empty`.
        values_se: float64 (n,), their standard errors; None where they are exact.
        interactions: float64 (n, n), pairwise Shapley interaction indices.
        interactions_se: float64 (n, n), their standard errors; None where they are exact.
        occlusion: float64 (n,), what the payoff loses without the word.
        path: float64 (n + 1,), the payoff while words are added by |values|.
        removal: float64 (n + 1,), the payoff while they are taken away.
        parts: beginning, middle and end.
        tree: the interaction tree of `tree_words`.
        tree_words: the words, or chunks of neighboring words where the values are estimated.
        empty: v(∅).
        full: v(N).
        prediction: the predicted class of the whole sentence.
        prediction_without_top: the predicted class without the word of the largest |value|.
        prediction_without_top_two: without that of the second largest, too; of one word without it.
        n_evaluations: coalitions evaluated.
    """

    words: tuple[str, ...]
    absence: Absence
    payoff: Payoff
    class_index: int
    values: Array
    values_se: Array | None
    interactions: Array
    interactions_se: Array | None
    occlusion: Array
    path: Array
    removal: Array
    parts: Parts
    tree: InteractionTree
    tree_words: tuple[str, ...]
    empty: float
    full: float
    prediction: int
    prediction_without_top: int
    prediction_without_top_two: int
    n_evaluations: int


def explain(
    model: PredictFn | PrefixModel,
    players: Players,
    absence: Absence,
    *,
    payoff: Payoff,
    class_index: int,
    exact_words: int,
    budget: int,
    seed: int,
) -> Explanation:
    """Explain a sentence: exactly from its table, or above `exact_words` players by estimates.

    Args:
        model: a predict function; `ModelInterface.coalition_model` is the form in which tables are cheapest.
        players: the sentence.
        absence: what stands where a player is absent.
        payoff: of which kind.
        class_index: of which class.
        exact_words: up to how many players all 2^n coalitions are evaluated; at least 3.
        budget: evaluations of the estimate; raised to the least that allows standard errors.
        seed: of the estimate.
    """
    if len(players) <= max(exact_words, MIN_PLAYERS - 1):
        return _exact(model, players, absence, payoff, class_index)
    return _estimated(
        model, players, absence, payoff, class_index, min(exact_words, TREE_CHUNKS), budget, seed
    )


def _exact(
    model: PredictFn | PrefixModel, players: Players, absence: Absence, payoff: Payoff, class_index: int
) -> Explanation:
    table = coalition_table(model, players, absence)
    v = payoffs(table.logits, payoff, class_index)
    values = shapley_values(v)
    top = np.cumsum(1 << ranking(values)[:2])
    without_top = table.logits[len(v) - 1 - top].argmax(axis=1)
    return Explanation(
        players.words,
        absence,
        payoff,
        class_index,
        values,
        None,
        pair_interactions(v),
        None,
        occlusion(v),
        cumulative_path(v, values),
        removal_path(v, values),
        part_values(v, values),
        interaction_tree(v),
        players.words,
        float(v[0]),
        float(v[-1]),
        int(table.logits[-1].argmax()),
        int(without_top[0]),
        int(without_top[-1]),
        len(v),
    )


def _estimated(
    model: PredictFn | PrefixModel,
    players: Players,
    absence: Absence,
    payoff: Payoff,
    class_index: int,
    n_chunks: int,
    budget: int,
    seed: int,
) -> Explanation:
    n = len(players)
    game = sentence_game(model, players, absence, payoff, class_index)
    estimate = estimate_interactions(game, n, max(budget, minimum_budget(n)), seed)
    order = ranking(estimate.values)
    bounds = np.concatenate([[0], np.cumsum([len(p) for p in np.array_split(order, N_PARTS)])])
    rows = np.arange(n)
    place = order.argsort()
    present = np.concatenate(
        [
            place < np.arange(n + 1)[:, None],  # the path: S_0 … S_n
            place >= np.arange(n + 1)[:, None],  # N∖S_0 … N∖S_n
            ~np.eye(n, dtype=bool),  # the sentence without one word
            (rows >= bounds[:-1, None]) & (rows < bounds[1:, None]),  # the parts alone
        ]
    )
    logits = coalition_logits(model, players, present, absence)
    v = payoffs(logits, payoff, class_index)
    path, removal, without, alone = np.split(v, np.cumsum([n + 1, n + 1, n]))
    prediction, without_top, without_two = (int(k) for k in logits[n + 1 : n + 4].argmax(axis=1))
    attributed = np.add.reduceat(estimate.values, bounds[:-1])
    chunks = group_to_budget(players, n_chunks)
    table = coalition_table(model, chunks, absence)
    return Explanation(
        players.words,
        absence,
        payoff,
        class_index,
        estimate.values,
        estimate.values_se,
        estimate.interactions,
        estimate.interactions_se,
        path[-1] - without,
        path,
        removal,
        Parts(bounds, alone, attributed, float(path[0])),
        interaction_tree(payoffs(table.logits, payoff, class_index)),
        chunks.words,
        float(path[0]),
        float(path[-1]),
        prediction,
        without_top,
        without_two,
        estimate.n_evaluations + len(present) + len(table.logits),
    )
