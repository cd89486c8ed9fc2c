"""From the states of a sentence's tokens to one vector, padding left out."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def mean_pool(states: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of the states (batch, n_tokens, size) over the tokens that the mask keeps: (batch, size)."""
    if mask is None:
        return states.mean(dim=1)
    kept = mask.unsqueeze(-1).to(states.dtype)
    return (states * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)


def max_pool(states: Tensor, mask: Tensor | None) -> Tensor:
    """Largest value of each feature over the tokens that the mask keeps: (batch, size)."""
    if mask is not None:
        states = states.masked_fill(~mask.unsqueeze(-1), float("-inf"))
    return states.amax(dim=1)


def last_states(states: Tensor, mask: Tensor | None) -> Tensor:
    """The forward direction's state at the last token beside the backward one's at the first: (batch, size).

    Args:
        states: (batch, n_tokens, 2 * hidden_size), forward features first.
        mask: bool (batch, n_tokens) or None.
    """
    hidden_size = states.shape[-1] // 2
    backward = states[:, 0, hidden_size:]
    if mask is None:
        return torch.cat([states[:, -1, :hidden_size], backward], dim=-1)
    rows = torch.arange(states.shape[0], device=states.device)  # len() would not be traced
    return torch.cat([states[rows, mask.sum(dim=1) - 1, :hidden_size], backward], dim=-1)


class AdditiveAttention(nn.Module):
    r"""Attention pooling with a learned query.

    score_t = v · tanh(W h_t + b), a = softmax(score), pooled = Σ_t a_t h_t.

    References:
        Bahdanau, Cho, Bengio (2015), Neural machine translation by jointly learning to align and
        translate, section 3.1; Yang et al. (2016), Hierarchical attention networks, equations 5 to 7.
    """

    def __init__(self, size: int) -> None:
        """Make the projection (size, size) and the query (size,)."""
        super().__init__()
        self.projection = nn.Linear(size, size)
        self.query = nn.Linear(size, 1, bias=False)

    def forward(self, states: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Pool states (batch, n_tokens, size).

        Returns:
            pooled (batch, size); weights (batch, n_tokens), 0 on padding, summing to 1; the scores
            before the softmax (batch, n_tokens), 0 on padding.
        """
        scores = self.query(torch.tanh(self.projection(states))).squeeze(-1)
        if mask is None:
            weights = scores.softmax(dim=-1)
        else:
            weights = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1)
            scores = scores.masked_fill(~mask, 0.0)
        return torch.einsum("bt,bts->bs", weights, states), weights, scores
