"""The fast gradient method: the worst small step of the embeddings, as an input to train on."""

from __future__ import annotations

import torch
from torch import Tensor


def fgm_perturbation(loss: Tensor, embeddings: Tensor, epsilon: float) -> Tensor:
    r"""Perturbation r = ε ‖x‖ g / ‖g‖ per sentence, with g the loss's gradient at its embeddings x.

    A length relative to the embeddings means the same for any initialization and any moment of training;
    the paper normalizes the embeddings to that end. The graph of `loss` is kept, and no parameter receives
    a gradient.

    Args:
        loss: scalar, computed from `embeddings`.
        embeddings: (batch, n_tokens, size), part of the loss's graph.
        epsilon: Euclidean length of each sentence's perturbation, in lengths of its embeddings.

    Returns:
        (batch, n_tokens, size), detached; 0 where the gradient is 0.

    References:
        Miyato, Dai, Goodfellow (2017), Adversarial training methods for semi-supervised text
        classification, equation 5.
    """
    (gradient,) = torch.autograd.grad(loss, embeddings, retain_graph=True)
    norm = gradient.flatten(1).norm(dim=1).clamp(min=torch.finfo(gradient.dtype).tiny)
    length = epsilon * embeddings.detach().flatten(1).norm(dim=1)
    perturbation: Tensor = gradient * (length / norm)[:, None, None]
    return perturbation
