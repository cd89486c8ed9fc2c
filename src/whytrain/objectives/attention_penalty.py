"""A penalty on pooling attention that leans on few tokens."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from whytrain.types import Inspection

PenaltyKind = Literal["entropy", "scores_l1"]


def attention_penalty(inspection: Inspection, mask: Tensor | None, kind: PenaltyKind) -> Tensor:
    r"""Mean penalty over a batch.

    `entropy`: 1 - H(a) / log n for n tokens, 0 for uniform attention and 1 for a single token; the L1 norm
    of the weights themselves is constant. `scores_l1`: mean |score| before the softmax.

    Args:
        inspection: with attention weights and scores (batch, n_tokens), 0 on padding.
        mask: bool (batch, n_tokens) or None.
        kind: which of the two.

    Returns:
        Scalar tensor, at least 0.
    """
    weights, scores = inspection.attention, inspection.attention_scores
    assert weights is not None
    n_tokens = (mask.sum(dim=1) if mask is not None else torch.full((len(weights),), weights.shape[1])).to(
        weights
    )
    if kind == "scores_l1":
        assert scores is not None
        return (scores.abs().sum(dim=1) / n_tokens).mean()
    # log of at least the smallest number: padding has weight 0, where the entropy's own slope is infinite.
    log_weights = weights.clamp(min=torch.finfo(weights.dtype).tiny).log()
    entropy = -(weights * log_weights).sum(dim=1)
    # One token has no choice: log 1 = 0, and its penalty is defined as 0.
    return torch.where(n_tokens > 1, 1 - entropy / n_tokens.clamp(min=2).log(), 0.0).mean()
