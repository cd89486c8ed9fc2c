"""What each word does by the slope of the target: its embedding times the gradient."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.attribution.ask import Ask, fill_gradients
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.gradients.embedding_gradients import NO_EMBEDDINGS
from whytrain.attribution.target import Target
from whytrain.models.interface import ModelInterface


class InputXGradient(Explainer):
    r"""Score of word i: Σ over its tokens of x_t · ∂target/∂x_t.

    What fading the word's embedding to 0 would take away if the target were linear: exact for a linear
    model, a first-order estimate for others, so that the scores sum to nothing in particular.

    References:
        Shrikumar, Greenside, Shcherbina, Kundaje (2016), Not just a black box; Kindermans et al. (2016),
        Investigating the influence of noise and distractors.
    """

    name = "input_x_gradient"

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
        """Multiply the embeddings of a text by their gradients."""
        embeddings, gradients = ask.gradients(target)
        return [
            Attribution(
                method=self.name,
                variant="",
                words=ask.units.words,
                target=target,
                scores=ask.units.sums((embeddings * gradients).sum(axis=1)),
                standard_errors=None,
                quantity=Quantity(
                    symbol="x·∇", name="input × gradient score", unit=target.unit, additive=False
                ),
                total=None,
                n_evaluations=self.cost(ask.model, len(ask.units)),
            )
        ]
