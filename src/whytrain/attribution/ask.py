"""One text put to one model: coalitions of its words in, logits out, and what was paid for is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.gradients.embedding_gradients import EmbeddingGradients, embedding_gradients
from whytrain.attribution.removal import Removal, removal_of
from whytrain.attribution.shapley.coalitions import coalition_indices
from whytrain.attribution.shapley.table import CoalitionTable, coalition_logits, coalition_tables
from whytrain.attribution.target import Target
from whytrain.attribution.units import Units
from whytrain.models.interface import ModelInterface
from whytrain.types import RemovalName


class Ask:
    """What explainers and scores of explanations may ask about a text.

    Attributes:
        model: the model.
        units: the text's words and the tokens of each.
    """

    def __init__(self, model: ModelInterface, units: Units) -> None:
        """Ask nothing yet."""
        self.model, self.units = model, units
        self._tables: dict[RemovalName, CoalitionTable] = {}
        self._gradients: dict[Target, EmbeddingGradients] = {}

    def removal(self, name: RemovalName | None = None) -> Removal:
        """Return a way to remove words, or the one that is usual for the model.

        Raises:
            ConfigError: the tokenizer has no such token.
        """
        return removal_of(name or self.model.capabilities.removals[0], self.model)

    def table(self, absence: Removal) -> CoalitionTable:
        """Return the logits of all 2^n coalitions, evaluated when they are first asked for."""
        fill_tables([self], absence)
        return self._tables[absence.name]

    def gradients(self, target: Target) -> EmbeddingGradients:
        """Return embeddings and gradients of a target, computed when they are first asked for.

        Raises:
            ConfigError: the model cannot compute from embeddings.
        """
        fill_gradients([self], [target])
        return self._gradients[target]

    def logits(self, present: NDArray[np.bool_], absence: Removal) -> NDArray[Any]:
        """Return the logits of some coalitions, from the table where there is one.

        Args:
            present: bool (n_coalitions, n_units), who is there.
            absence: what stands where a word is absent.

        Returns:
            float32 (n_coalitions, n_outputs).
        """
        known = self._tables.get(absence.name)
        if known is not None:
            return known.logits[coalition_indices(present)]
        return coalition_logits(self.model.coalition_model(), self.units, present, absence)


def fill_tables(asks: Sequence[Ask], absence: Removal) -> None:
    """Evaluate the tables of several texts of one model together: short ones share batches."""
    missing = [ask for ask in asks if absence.name not in ask._tables]
    if missing:
        model = missing[0].model.coalition_model()
        for ask, table in zip(
            missing, coalition_tables(model, [ask.units for ask in missing], absence), strict=True
        ):
            ask._tables[absence.name] = table


def fill_gradients(asks: Sequence[Ask], targets: Sequence[Target]) -> None:
    """Compute the gradients of several texts of one model together, of each for its target."""
    pairs = zip(asks, targets, strict=True)
    missing = [(ask, target) for ask, target in pairs if target not in ask._gradients]
    if missing:
        wanted, outputs = zip(*missing, strict=True)
        found = embedding_gradients(wanted[0].model, [ask.units for ask in wanted], outputs)
        for ask, target, gradients in zip(wanted, outputs, found, strict=True):
            ask._gradients[target] = gradients
