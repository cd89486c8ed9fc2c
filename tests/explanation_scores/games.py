"""Games whose tables are known, as texts of a model: what scores of explanations are tested on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley.coalitions import coalition_indices, n_players_of
from whytrain.attribution.shapley.table import CoalitionTable
from whytrain.attribution.target import ClassTarget, Target
from whytrain.attribution.units import Units
from whytrain.explanation_scores.study import Judged, Study
from whytrain.models.interface import ModelInterface
from whytrain.models.saved import SavedModel

Array = NDArray[np.float64]
PADDING = Removal(name="padding", replacement_id=0)
GAME_UNIT = "log-odds"
NAMES = ("bad", "good")


def units_of(n_words: int) -> Units:
    """A text of words of one token each."""
    return Units(
        words=tuple(f"w{i}" for i in range(n_words)),
        token_ids=np.arange(5, 5 + n_words),
        player_of_token=np.arange(n_words),
        n_words=(1,) * n_words,
    )


class Game(Ask):
    """A text whose value is a table: logits (0, v), so that the log-odds of the second class are v."""

    def __init__(self, table: Array, model: ModelInterface | None = None) -> None:
        super().__init__(cast(ModelInterface, model), units_of(n_players_of(len(table))))
        self.values = table.astype(np.float64)

    def logits(self, present: NDArray[np.bool_], absence: Removal) -> NDArray[Any]:
        """Read the table."""
        v = self.values[coalition_indices(present)]
        return np.stack([np.zeros_like(v), v], axis=1).astype(np.float32)

    def table(self, absence: Removal) -> CoalitionTable:
        """The table itself."""
        v = self.values
        logits = np.stack([np.zeros_like(v), v], axis=1).astype(np.float32)
        return CoalitionTable(players=self.units, logits=logits, absence=absence)


class Given(Explainer):
    """Says what it is told to say of every text: one row of scores each."""

    name = "given"

    def __init__(self, rows: Any, *, signed: bool = True, additive: bool = True, name: str = "given") -> None:
        self.rows = iter(np.atleast_2d(rows)) if not isinstance(rows, list) else iter(rows)
        self.quantity = Quantity(symbol="x", name="x", unit="x", signed=signed, additive=additive)
        self.name = name

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Nothing."""
        return 0

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Say the next row."""
        return [attribution(next(self.rows), target, self.name, self.quantity)]


def attribution(
    scores: Array, target: Target, name: str = "given", quantity: Quantity | None = None
) -> Attribution:
    """Scores as a method would give them."""
    return Attribution(
        method=name,
        variant="",
        words=tuple(f"w{i}" for i in range(len(scores))),
        target=target,
        scores=np.asarray(scores, dtype=np.float64),
        standard_errors=None,
        quantity=quantity or Quantity(symbol="x", name="x", unit="x"),
        total=None,
        n_evaluations=1,
    )


def study_of(*games: Array, seed: int = 0, **changes: Any) -> Study:
    """Texts whose tables are these, each explained for what is decided of the whole text."""
    targets = [
        ClassTarget(name=NAMES[int(table[-1] > 0)], index=int(table[-1] > 0), payoff="log_odds")
        for table in games
    ]
    asks = tuple(Game(table) for table in games)
    return Study(
        saved=cast(SavedModel, SimpleNamespace(class_names=NAMES, interface=None)),
        texts=tuple(" ".join(ask.units.words) for ask in asks),
        removal=PADDING,
        asks=asks,
        targets=tuple(targets),
        seed=seed,
        **changes,
    )


def judged_game(table: Array, scores: Array, *, signed: bool = True, additive: bool = True) -> Judged:
    """One text with this table, explained by these scores."""
    study = study_of(table)
    quantity = Quantity(symbol="x", name="x", unit="x", signed=signed, additive=additive)
    explained = attribution(scores, study.targets[0], quantity=quantity)
    return Judged(study=study, explainer=Given(scores), attributions=(explained,))
