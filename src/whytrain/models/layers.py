"""What a model computes layer by layer, and how a state is set from outside: probing, ablation, patching.

Layers are named, in the order in which they are computed: `embeddings`, those of the model, and `pooled`,
the features of which the last linear layer makes logits. What a recurrence carries on to the next token has a
name of its own, `lstm 1 carried` beside `lstm 1`, what is read of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

EMBEDDINGS, POOLED = "embeddings", "pooled"
_CARRIED = " carried"


@dataclass(frozen=True, kw_only=True, eq=False)
class Replacement:
    """States of one layer that are set; everything behind is computed from them.

    Attributes:
        layer: its name.
        where: broadcast over its states (batch, n_tokens, size): what is replaced, bool; or how far, a share
            of 0 to 1 by which the answer can be differentiated.
        values: broadcast likewise: by what.
    """

    layer: str
    where: Tensor
    values: Tensor

    def to(self, device: torch.device) -> Replacement:
        """Return it on a device."""
        return replace(self, where=self.where.to(device), values=self.values.to(device))


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerStates:
    """What a model computed on its way to logits.

    Attributes:
        logits: (batch, n_classes).
        states: by layer (batch, n_tokens, size), as they are after a replacement; `pooled` has one token.
        head_weight: (n_classes, size of `pooled`).
        head_bias: (n_classes,): logits = pooled · head_weightᵀ + head_bias.
    """

    logits: Tensor
    states: Mapping[str, Tensor]
    head_weight: Tensor
    head_bias: Tensor


@runtime_checkable
class Layered(Protocol):
    """A model that shows its layers, and computes on with what a state is replaced by."""

    def through_layers(
        self, embeddings: Tensor, mask: Tensor | None, replacement: Replacement | None
    ) -> LayerStates:
        """Run everything behind the embeddings (batch, n_tokens, embedding_size).

        Raises:
            NotImplementedError: what was read cannot do it.
        """
        ...


class Layers:
    """Collects states on the way and puts the replacement in its place."""

    def __init__(self, replacement: Replacement | None) -> None:
        """Begin with none."""
        self.states: dict[str, Tensor] = {}
        self._replacement = replacement

    def passed(self, layer: str, states: Tensor) -> Tensor:
        """Keep the states (batch, n_tokens, size) of a layer; return those to go on with."""
        if (found := self.replacing(layer, states.shape)) is not None:
            states = replaced(states, *found)
        self.states[layer] = states
        return states

    def replacing(self, layer: str, shape: Sequence[int]) -> tuple[Tensor, Tensor] | None:
        """Return where and by what the states of this layer are replaced, both of this shape."""
        if self._replacement is None or self._replacement.layer != layer:
            return None
        return self._replacement.where.expand(*shape), self._replacement.values.expand(*shape)


def replaced(states: Tensor, where: Tensor, values: Tensor) -> Tensor:
    """Return states with values in their place, wholly (bool) or by shares; see `Replacement`."""
    if where.dtype is torch.bool:
        return torch.where(where, values, states)
    return torch.lerp(states, values, where)


def carried(layer: str) -> str:
    """Return the name of what a recurrent layer carries from token to token."""
    return layer + _CARRIED


def is_carried(layer: str) -> bool:
    """Whether a name is one of `carried`."""
    return layer.endswith(_CARRIED)


def token_layers(layers: Sequence[str]) -> list[str]:
    """Return the layers that have a state to read at every token.

    >>> token_layers(["embeddings", "lstm 1 carried", "lstm 1", "pooled"])
    ['embeddings', 'lstm 1']
    """
    return [layer for layer in layers if layer != POOLED and not is_carried(layer)]
