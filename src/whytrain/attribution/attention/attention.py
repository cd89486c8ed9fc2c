"""The attention that each word gets: of the pooling, or of the last layer of a transformer."""

from __future__ import annotations

from whytrain.attribution.ask import Ask
from whytrain.attribution.attention.heads import head_attention, inspected
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.target import Target
from whytrain.models.interface import ModelInterface


class Attention(Explainer):
    """Score of word i: the attention on its tokens; a share, the same for every class.

    Of attention pooling the weight of each token's state in the text's vector. Of a transformer what the
    token that the classifier reads ([CLS], or the last one) pays to each token in the last layer, mean of the
    heads. States have seen their neighbors before: a weight says which state was read, not which word
    decided. The rest to 1 lies on special tokens.

    References:
        Jain, Wallace (2019), Attention is not explanation; Wiegreffe, Pinter (2019), Attention is not not
        explanation.
    """

    name = "attention"

    def __init__(self) -> None:
        """Need no settings."""

    def missing(self, model: ModelInterface) -> str | None:
        """Say that there is no attention."""
        if model.capabilities.attention != "none":
            return None
        return "attention: this model has none; a transformer has, and a BiLSTM with model.pooling=attention"

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return one forward pass."""
        return 1

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Read the attention of a text, and of a transformer that of every layer and head."""
        seen = inspected(ask)
        assert seen.attention is not None
        has_heads = ask.model.capabilities.attention == "heads"
        return [
            Attribution(
                method=self.name,
                variant="last_layer" if has_heads else "pooling",
                words=ask.units.words,
                target=target,
                scores=ask.units.sums(seen.attention[0].double().cpu()),
                standard_errors=None,
                quantity=Quantity(symbol="a", name="attention weight", unit="shares", signed=False),
                total=None,
                n_evaluations=1,
                heads=head_attention(ask, seen),
            )
        ]
