"""A penalty on what a model makes of tokens that must not decide: right for the right reasons."""

from __future__ import annotations

import torch
from torch import Tensor


def input_gradient_penalty(logits: Tensor, embeddings: Tensor, marked: Tensor) -> Tensor:
    r"""Mean over sentences of Σ_t ‖∂ (Σ_k log p_k) / ∂ x_t‖², over the marked tokens t.

    Args:
        logits: (batch, n_classes), computed from `embeddings` by what can be differentiated twice (see
            `whytrain.models.evaluation.twice_differentiable`).
        embeddings: (batch, n_tokens, size), x.
        marked: bool (batch, n_tokens).

    Returns:
        Scalar, at least 0, with a graph: parameters receive its gradient.

    References:
        Ross, Hughes, Doshi-Velez (2017), Right for the right reasons: training differentiable models by
        constraining their explanations, equation 1.
    """
    log_probabilities = logits.float().log_softmax(dim=1)
    (gradient,) = torch.autograd.grad(log_probabilities.sum(), embeddings, create_graph=True)
    squared = gradient.float().square().sum(dim=-1)
    return torch.where(marked, squared, 0.0).sum() / len(logits)
