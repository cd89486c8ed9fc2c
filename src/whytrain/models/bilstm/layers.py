"""The BiLSTM layer by layer, one step at a time, so that what is carried on can be seen and set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from whytrain.models.layers import EMBEDDINGS, POOLED, Layers, LayerStates, Replacement, carried, replaced

if TYPE_CHECKING:
    from whytrain.models.bilstm.bilstm import BiLSTM


def through_layers(
    model: BiLSTM, embeddings: Tensor, mask: Tensor | None, replacement: Replacement | None
) -> LayerStates:
    """Compute what `BiLSTM.inspect` does, in evaluation mode.

    Layers: `embeddings`; per LSTM layer k `lstm k carried` (h and c of the forward direction, h and c of the
    backward one, each as it goes on to the next token that the direction reads) and `lstm k` (both h, which
    the next layer or the pooling reads); `normalized`; `attended`; `pooled`.
    """
    layers = Layers(replacement)
    states = layers.passed(EMBEDDINGS, embeddings)
    for number in range(model.lstm.num_layers):
        name = f"lstm {number + 1}"
        weights = model.lstm.all_weights[2 * number : 2 * number + 2]
        running = _both_directions(states, mask, weights, layers, carried(name))
        forward, _, backward, _ = running.chunk(4, dim=-1)
        states = torch.cat([forward, backward], dim=-1)
        if mask is not None:
            states = states.masked_fill(~mask.unsqueeze(-1), 0.0)
        states = layers.passed(name, states)
    if model.norm is not None:
        states = layers.passed("normalized", model.norm(states))
    if model.self_attention is not None:
        states = layers.passed("attended", model.attended(states, mask))
    pooled = layers.passed(POOLED, model.read_out(states, mask)[0].unsqueeze(1)).squeeze(1)
    return LayerStates(
        logits=model.classifier(pooled),
        states=layers.states,
        head_weight=model.classifier.weight,
        head_bias=model.classifier.bias,
    )


def _both_directions(
    inputs: Tensor, mask: Tensor | None, weights: Sequence[Sequence[Tensor]], layers: Layers, name: str
) -> Tensor:
    """Return h, c of the forward direction and h, c of the backward one: (batch, n_tokens, 4 · hidden)."""
    batch, n_tokens = inputs.shape[:2]
    size = weights[0][1].shape[1]
    held = layers.replacing(name, (batch, n_tokens, 4 * size))
    halves = [None, None] if held is None else list(zip(*(t.chunk(2, -1) for t in held), strict=True))
    forward = _steps(inputs, weights[0], halves[0])
    # The backward direction reads each sentence flipped within its own length; flipping twice is no change.
    behind = halves[1] and (_flipped(halves[1][0], mask), _flipped(halves[1][1], mask))
    backward = _flipped(_steps(_flipped(inputs, mask), weights[1], behind), mask)
    running = torch.cat([forward, backward], dim=-1)
    layers.states[name] = running
    return running


def _flipped(values: Tensor, mask: Tensor | None) -> Tensor:
    """Flip each sentence (batch, n_tokens, size) within its own length."""
    if mask is None:
        return values.flip(1)
    positions = torch.arange(mask.shape[1], device=mask.device)
    order = torch.where(mask, mask.sum(dim=1, keepdim=True) - 1 - positions, positions)
    return values.gather(1, order.unsqueeze(-1).expand_as(values))


def _steps(inputs: Tensor, weights: Sequence[Tensor], held: tuple[Tensor, Tensor] | None) -> Tensor:
    """Return h and c after each token, (batch, n_tokens, 2 · hidden), each step going on from the last."""
    hidden = inputs.new_zeros(inputs.shape[0], weights[1].shape[1])
    state, found = (hidden, hidden), []
    for token in range(inputs.shape[1]):
        both = torch.cat(torch.lstm_cell(inputs[:, token], state, *weights), dim=-1)
        if held is not None:
            both = replaced(both, held[0][:, token], held[1][:, token])
        hidden, cell = both.chunk(2, dim=-1)
        state = hidden, cell
        found.append(both)
    return torch.stack(found, dim=1)
