"""What each token does to the log-odds of a class by their slope, in a form that can be trained."""

from __future__ import annotations

import torch
from torch import Tensor


def token_attributions(
    logits: Tensor, embeddings: Tensor, classes: Tensor, *, create_graph: bool = False
) -> Tensor:
    r"""Input × gradient: x_t · ∂o / ∂x_t of each token t, o = z_c − log Σ_{k≠c} exp z_k, log-odds of class c.

    What fading an embedding to 0 would take away if the log-odds were linear in it: exact for a linear model.

    Args:
        logits: (batch, n_classes), z, computed from `embeddings`; of each sentence from its own alone.
        embeddings: (batch, n_tokens, size), x.
        classes: int64 (batch,), c.
        create_graph: whether parameters receive gradients of the result; then `logits` must come from what
            can be differentiated twice (see `whytrain.models.evaluation.twice_differentiable`).

    Returns:
        float32 (batch, n_tokens).
    """
    own = classes[:, None]
    scores = logits.float()
    log_odds = scores.gather(1, own) - scores.scatter(1, own, -torch.inf).logsumexp(1, keepdim=True)
    (gradient,) = torch.autograd.grad(
        log_odds.sum(), embeddings, create_graph=create_graph, retain_graph=True
    )
    return (embeddings.float() * gradient.float()).sum(dim=2)
