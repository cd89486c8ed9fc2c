"""What the model's answer loses without each word alone: occlusion, also called leave-one-out."""

from __future__ import annotations

import numpy as np

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.target import Target
from whytrain.models.interface import ModelInterface
from whytrain.types import RemovalName


class Occlusion(Explainer):
    """Score of word i: v(N) − v(N∖i).

    A word that another one stands in for scores next to nothing: without either of “a great, great film” the
    answer stays. The scores sum to nothing in particular.

    References:
        Zeiler, Fergus (2014), Visualizing and understanding convolutional networks; Li, Monroe, Jurafsky
        (2016), Understanding neural networks through representation erasure.
    """

    name = "occlusion"

    def __init__(self, *, absence: RemovalName | None) -> None:
        """Store the settings.

        Args:
            absence: what stands where the word is absent; None: as is usual for the model.
        """
        self.absence = absence

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return the whole text, and the text without each word."""
        return n_words + 1

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Take out each word of a text, from its table where there is one."""
        n, removal = len(ask.units), ask.removal(self.absence)
        present = np.concatenate([np.ones((1, n), dtype=bool), ~np.eye(n, dtype=bool)])
        whole, *without = target.values(ask.logits(present, removal))
        return [
            Attribution(
                method=self.name,
                variant=removal.name,
                absence=removal.name,
                words=ask.units.words,
                target=target,
                scores=whole - np.array(without),
                standard_errors=None,
                quantity=Quantity(symbol="Δ", name="occlusion effect", unit=target.unit, additive=False),
                total=None,
                n_evaluations=len(present),
            )
        ]
