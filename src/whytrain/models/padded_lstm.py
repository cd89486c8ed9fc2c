"""A bidirectional LSTM over sentences of several lengths, without packing."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def padded_states(lstm: nn.LSTM, inputs: Tensor, mask: Tensor | None) -> Tensor:
    """Compute what packing would, from plain runs of each direction: on a CPU in less time.

    A forward state never sees the padding behind its sentence; the backward direction reads each sentence
    flipped within its own length, which puts the padding behind it as well.

    Args:
        lstm: bidirectional, with the batch first.
        inputs: (batch, n_tokens, size).
        mask: bool (batch, n_tokens), True where there is a token; None: everywhere.

    Returns:
        States of both directions (batch, n_tokens, 2 * hidden_size), zeros on padding.
    """
    if mask is None:
        whole: Tensor = lstm(inputs)[0]
        return whole
    lengths = mask.sum(dim=1, keepdim=True)
    positions = torch.arange(mask.shape[1], device=mask.device)
    begins = torch.arange(mask.shape[0], device=mask.device).unsqueeze(1) * mask.shape[1]
    flipped = (begins + torch.where(mask, lengths - 1 - positions, positions)).flatten()
    weights = iter(lstm.all_weights)
    for layer in range(lstm.num_layers):
        if layer > 0:
            inputs = nn.functional.dropout(inputs, lstm.dropout, lstm.training)
        forward = _direction(lstm, inputs, next(weights))
        backward = _direction(lstm, _rows(inputs, flipped), next(weights))
        inputs = torch.cat([forward, _rows(backward, flipped)], dim=-1)
    return inputs.masked_fill(~mask.unsqueeze(-1), 0.0)


def _rows(states: Tensor, places: Tensor) -> Tensor:
    """Take whole rows of (batch, n_tokens, size), counted over the batch: in a fifth of `gather`'s time."""
    return states.flatten(0, 1).index_select(0, places).view_as(states)


def _direction(lstm: nn.LSTM, inputs: Tensor, weights: Iterable[Tensor]) -> Tensor:
    start = inputs.new_zeros(1, inputs.shape[0], lstm.hidden_size)  # len() would not be traced
    states, _, _ = torch.lstm(inputs, (start, start), [*weights], True, 1, 0.0, lstm.training, False, True)
    return states
