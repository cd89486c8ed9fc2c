"""Attention followed through all layers of a transformer, from the words to the token that is read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.ask import Ask
from whytrain.attribution.attention.heads import head_attention, inspected
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.target import Target
from whytrain.errors import DataError
from whytrain.models.interface import ModelInterface


class AttentionRollout(Explainer):
    r"""Score of word i: how much of the token that the classifier reads came from its tokens, as a share.

    With W_l the mean of the heads of layer l, half of each state comes through attention and half past it:
    R = Π_l ½(W_l + I), last layer first, and the row of the token that is read. As of attention, the shares
    are the same for every class, and what values and feed-forward layers do to what flows is left out.

    References:
        Abnar, Zuidema (2020), Quantifying attention flow in transformers, equation 1.
    """

    name = "attention_rollout"

    def __init__(self) -> None:
        """Need no settings."""

    def missing(self, model: ModelInterface) -> str | None:
        """Say that there are no layers of attention."""
        if model.capabilities.attention == "heads":
            return None
        return "attention_rollout: this model has no layers of attention heads; a transformer has"

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return one forward pass."""
        return 1

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Roll the attention of a text out.

        Raises:
            DataError: the text is so long that the model reads it in windows.
        """
        heads = head_attention(ask, inspected(ask))
        if heads is None:
            raise DataError(
                "attention_rollout: the text is longer than data.windows, and no attention reaches from one "
                "window into another; shorten the text or leave the method out"
            )
        return [
            Attribution(
                method=self.name,
                variant="",
                words=ask.units.words,
                target=target,
                scores=ask.units.sums(rollout(heads.weights)[heads.reader]),
                standard_errors=None,
                quantity=Quantity(symbol="R", name="attention rollout", unit="shares", signed=False),
                total=None,
                n_evaluations=1,
            )
        ]


def rollout(weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how much of each last state comes from each token.

    Args:
        weights: (n_layers, n_heads, n_tokens, n_tokens), rows summing to 1.

    Returns:
        float64 (n_tokens, n_tokens), rows summing to 1.
    """
    flows = (weights.mean(axis=1, dtype=np.float64) + np.eye(weights.shape[-1])) / 2
    mixed: NDArray[np.float64] = flows[0]
    for flow in flows[1:]:
        mixed = flow @ mixed
    return mixed
