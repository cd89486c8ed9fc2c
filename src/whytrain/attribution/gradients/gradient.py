"""How strongly the target reacts to each word: the size of its gradient, without a direction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from whytrain.attribution.ask import Ask, fill_gradients
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.gradients.embedding_gradients import NO_EMBEDDINGS
from whytrain.attribution.target import Target
from whytrain.models.interface import ModelInterface


class Gradient(Explainer):
    r"""Score of word i: ‖∂target/∂x_i‖₂ over the embeddings x_i of all its tokens; a size, never below 0.

    It says what a small step of the embedding could do, not what the word does: whether for or against the
    target, and a word of which the model is already sure (a saturated one) gets next to nothing.

    References:
        Simonyan, Vedaldi, Zisserman (2014), Deep inside convolutional networks; Li et al. (2016), Visualizing
        and understanding neural models in NLP.
    """

    name = "gradient"

    def __init__(self) -> None:
        """Need no settings."""

    def missing(self, model: ModelInterface) -> str | None:
        """Say that there are no embeddings to differentiate by."""
        return None if model.capabilities.embeddings else f"{self.name} {NO_EMBEDDINGS}"

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return a forward and a backward pass."""
        return 2

    def prepare(self, asks: Sequence[Ask], targets: Sequence[Target]) -> None:
        """Run several texts forward and backward together."""
        fill_gradients(asks, targets)

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Measure the gradient of a text."""
        squares = (ask.gradients(target).gradients ** 2).sum(axis=1)
        return [
            Attribution(
                method=self.name,
                variant="",
                words=ask.units.words,
                target=target,
                scores=np.sqrt(ask.units.sums(squares)),
                standard_errors=None,
                quantity=Quantity(
                    symbol="‖∇‖",
                    name="gradient norm",
                    unit=f"{target.unit} per unit",
                    signed=False,
                    additive=False,
                ),
                total=None,
                n_evaluations=self.cost(ask.model, len(ask.units)),
            )
        ]
