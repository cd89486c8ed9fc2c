"""Shapley values predicted in one pass, where a run has a network for them and it is sure enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated
from weakref import WeakKeyDictionary

from annotated_types import Ge, Gt, Le

from whytrain.attribution.amortized.batches import Reader, of_like_length
from whytrain.attribution.amortized.trained import FOLDER, Prediction, TrainedExplainer
from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.removal import removal_of
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.target import Target
from whytrain.models.interface import ModelInterface


class Amortized(Explainer):
    """Shapley values of words from a network that learned the model's; exact or estimated where it may err.

    A text is left to the exact or estimating method where the network's predicted error is too large, where
    the text is longer than those that it learned from, and for targets that it does not know
    (probabilities). The network lies beside the model (`ModelInterface.additions`).
    """

    name = "amortized"
    effort = "budget"

    def __init__(
        self,
        *,
        largest_error: Annotated[float, Gt(0)],
        exact_words: Annotated[int, Ge(4), Le(20)],
        budget: Annotated[int, Ge(1)],
    ) -> None:
        """Store the settings.

        Args:
            largest_error: predicted Σ|φ̂ − φ| / Σ|φ| up to which a prediction is taken.
            exact_words: of the fallback, see `Shapley`.
            budget: likewise.
        """
        self.largest_error, self.exact_words, self.budget = largest_error, exact_words, budget
        self._predicted: WeakKeyDictionary[Ask, Prediction] = WeakKeyDictionary()
        self._made: tuple[ModelInterface, TrainedExplainer, Reader] | None = None

    def missing(self, model: ModelInterface) -> str | None:
        """Say how to make the network where there is none."""
        if FOLDER in model.additions:
            return None
        return (
            "explainer=amortized: this model has no network that predicts its Shapley values yet; "
            "`whytrain amortize run=ID` makes one in a few minutes"
        )

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return 2: the whole sentence and the empty one; a text that is left to the fallback costs more."""
        return 2

    def prepare(self, asks: Sequence[Ask], targets: Sequence[Target]) -> None:
        """Predict for several texts in batches of like length."""
        for batch in of_like_length([len(ask.units.token_ids) for ask in asks]):
            self._predict([asks[place] for place in batch])

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Explain a text."""
        trained, _ = self._loaded(ask.model)
        weights = trained.games.weights(target)
        if weights is None:
            return [self._fallen_back(ask, target, trained, seed, f"it predicts no shares of {target.unit}")]
        if len(ask.units.token_ids) > trained.longest:
            return [self._fallen_back(ask, target, trained, seed, "it learned from no text as long as this")]
        if ask not in self._predicted:
            self._predict([ask])
        found = self._predicted[ask]
        # Of a sum of games the errors at most add up.
        error = float(abs(weights) @ (found.errors * abs(found.values).sum(axis=0)))
        scores = found.values @ weights
        size = float(abs(scores).sum())
        if error > self.largest_error * size:
            why = f"its error here may be {error / size:.0%}, above the {self.largest_error:.0%} allowed"
            return [self._fallen_back(ask, target, trained, seed, why)]
        return [
            Attribution(
                method=self.name,
                variant=trained.absence,
                absence=trained.absence,
                words=ask.units.words,
                target=target,
                scores=scores,
                standard_errors=None,
                quantity=Quantity(symbol="φ", name="Shapley value", unit=target.unit),
                total=(float(found.empty @ weights), float(found.full @ weights)),
                n_evaluations=2,
                relative_error=error / size,
            )
        ]

    def _predict(self, asks: Sequence[Ask]) -> None:
        trained, reader = self._loaded(asks[0].model)
        known = [ask for ask in asks if len(ask.units.token_ids) <= trained.longest]
        if known:
            predictions = trained.predict(reader([ask.units for ask in known]))
            self._predicted.update(zip(known, predictions, strict=True))

    def _loaded(self, model: ModelInterface) -> tuple[TrainedExplainer, Reader]:
        if self._made is None or self._made[0] is not model:
            trained = TrainedExplainer.load(model.additions[FOLDER])
            reader = Reader(model, trained.games, removal_of(trained.absence, model))
            self._made = (model, trained, reader)
        return self._made[1:]

    def _fallen_back(
        self, ask: Ask, target: Target, trained: TrainedExplainer, seed: int, why: str
    ) -> Attribution:
        method = Shapley(absences=[trained.absence], exact_words=self.exact_words, budget=self.budget)
        found = method(ask, target, seed=seed)[0]
        note = f"{self.name} does not predict this text ({why}): its scores are those of shapley"
        return replace(found, method=self.name, make_pairs=None, make_tree=None, note=note)
