"""Shapley values, pair interactions and interaction trees of words: exact, or above some length estimated."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, MinLen
from numpy.typing import NDArray

from whytrain.attribution.ask import Ask, fill_tables
from whytrain.attribution.attribution import Attribution, Pairs, PhraseTree, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.grouping import group_to_budget
from whytrain.attribution.removal import Removal, removal_of
from whytrain.attribution.shapley.estimators import (
    MIN_PLAYERS,
    Estimate,
    estimate_interactions,
    minimum_budget,
)
from whytrain.attribution.shapley.interaction_tree import interaction_tree
from whytrain.attribution.shapley.table import coalition_table
from whytrain.attribution.shapley.values import pair_interactions, shapley_values
from whytrain.attribution.target import Target
from whytrain.attribution.units import Units
from whytrain.models.interface import ModelInterface
from whytrain.types import RemovalName

TREE_CHUNKS = 10  # players of the tree of a text whose values are estimated: 1,024 evaluations
WHOLE_BUDGET_TOKENS = 128  # of a longer text as many tokens are read as of one of this length
LEAST_SHARE = 0.5  # of the budget, for a text of any length: from 256 tokens on time grows with the length


class Shapley(Explainer):
    """Values of the game whose players are words and whose payoff is the target, under each absence."""

    name = "shapley"
    effort = "budget"

    def __init__(
        self,
        *,
        absences: Annotated[list[RemovalName], MinLen(1)] | None,
        exact_words: Annotated[int, Ge(4), Le(20)],
        budget: Annotated[int, Ge(1)],
    ) -> None:
        """Store the settings.

        Args:
            absences: what stands where a word is absent (removal, baseline), one attribution each; figures
                show the first. None: as is usual for the model.
            exact_words: up to how many words all 2^n coalitions are evaluated; where words are filled in,
                only as long as these are no more than the budget.
            budget: evaluations of an estimate of a text of up to 128 tokens, fewer of a longer one, see
                `evaluations`.
        """
        self.absences, self.exact_words, self.budget = absences, exact_words, budget

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return the number of coalitions that are evaluated under all absences, at most."""
        estimated = max(self.budget, minimum_budget(n_words))
        return sum(
            1 << n_words if self._is_exact(n_words, kind) else estimated for kind in self._absences(model)
        )

    def first_variant(self, model: ModelInterface) -> Shapley:
        """Return the values under the first absence alone."""
        first = self._absences(model)[0].name
        return Shapley(absences=[first], exact_words=self.exact_words, budget=self.budget)

    def prepare(self, asks: Sequence[Ask], targets: Sequence[Target]) -> None:
        """Evaluate the tables of all texts that are short enough together."""
        for kind in self._absences(asks[0].model) if asks else ():
            fill_tables([ask for ask in asks if self._is_exact(len(ask.units), kind)], kind)

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Explain a text under each absence."""
        return [
            _exact(ask, target, kind)
            if self._is_exact(len(ask.units), kind)
            else self._estimated(ask, target, kind, seed)
            for kind in self._absences(ask.model)
        ]

    def evaluations(self, units: Units) -> int:
        """Return how many evaluations an estimate takes: the budget, or what reads as many tokens.

        At least half of the budget, and at least what allows standard errors.
        """
        share = max(LEAST_SHARE, min(1.0, WHOLE_BUDGET_TOKENS / len(units.token_ids)))
        return max(int(share * self.budget), minimum_budget(len(units)))

    def _is_exact(self, n_words: int, kind: Removal) -> bool:
        affordable = self.budget.bit_length() - 1 if kind.fill is not None else self.exact_words
        return n_words <= max(min(self.exact_words, affordable), MIN_PLAYERS - 1)

    def _absences(self, model: ModelInterface) -> list[Removal]:
        return [removal_of(name, model) for name in self.absences or model.capabilities.removals]

    def _estimated(self, ask: Ask, target: Target, kind: Removal, seed: int) -> Attribution:
        n_evaluations = self.evaluations(ask.units)

        def game(present: NDArray[np.bool_]) -> NDArray[np.float64]:
            return target.values(ask.logits(present, kind))

        estimate = estimate_interactions(game, len(ask.units), n_evaluations, seed)
        quantity = _quantity(target)
        return Attribution(
            method=self.name,
            variant=kind.name,
            absence=kind.name,
            words=ask.units.words,
            target=target,
            scores=estimate.values,
            standard_errors=estimate.values_se,
            quantity=quantity,
            total=estimate.total,
            n_evaluations=estimate.n_evaluations,
            make_pairs=partial(_estimated_pairs, estimate, target),
            make_tree=partial(_chunked_tree, ask, target, kind, self._chunks(n_evaluations)),
        )

    def _chunks(self, n_evaluations: int) -> int:
        """Return how many chunks a tree has whose table takes at most as much as an estimate."""
        return min(self.exact_words, TREE_CHUNKS, n_evaluations.bit_length() - 1)


def _quantity(target: Target) -> Quantity:
    return Quantity(symbol="φ", name="Shapley value", unit=target.unit)


def _pair_quantity(target: Target) -> Quantity:
    return Quantity(symbol="interaction", name="Shapley interaction", unit=target.unit)


def _exact(ask: Ask, target: Target, kind: Removal) -> Attribution:
    v = target.values(ask.table(kind).logits)
    return Attribution(
        method=Shapley.name,
        variant=kind.name,
        absence=kind.name,
        words=ask.units.words,
        target=target,
        scores=shapley_values(v),
        standard_errors=None,
        quantity=_quantity(target),
        total=(float(v[0]), float(v[-1])),
        n_evaluations=len(v),
        make_pairs=partial(_exact_pairs, v, target),
        make_tree=partial(_tree, v, ask.units.words),
    )


def _exact_pairs(v: NDArray[np.float64], target: Target) -> Pairs:
    return Pairs(scores=pair_interactions(v), standard_errors=None, quantity=_pair_quantity(target))


def _estimated_pairs(estimate: Estimate, target: Target) -> Pairs:
    scores, errors = estimate.interactions, estimate.interactions_se
    return Pairs(scores=scores, standard_errors=errors, quantity=_pair_quantity(target))


def _tree(v: NDArray[np.float64], words: tuple[str, ...]) -> PhraseTree:
    return PhraseTree(tree=interaction_tree(v), words=words)


def _chunked_tree(ask: Ask, target: Target, kind: Removal, n_chunks: int) -> PhraseTree:
    """Return the tree of a long text's chunks of neighboring words; its table is evaluated here."""
    chunks = group_to_budget(ask.units, n_chunks)
    table = coalition_table(ask.model.coalition_model(), chunks, kind)
    return _tree(target.values(table.logits), chunks.words)
