"""The fast gradient method: the worst small step of the embeddings, as an input to train on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

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
    return along(gradient, embeddings, epsilon)


def along(gradient: Tensor, embeddings: Tensor, epsilon: float) -> Tensor:
    """Return `fgm_perturbation` where the gradient is known."""
    norm = gradient.flatten(1).norm(dim=1).clamp(min=torch.finfo(gradient.dtype).tiny)
    length = epsilon * embeddings.detach().flatten(1).norm(dim=1)
    perturbation: Tensor = gradient * (length / norm)[:, None, None]
    return perturbation


def differentiated(
    loss: Tensor, cut: Tensor, embeddings: Tensor, parameters: Iterable[Tensor]
) -> tuple[Tensor, Tensor]:
    """Go back through a loss once, for the perturbation and for the parameters.

    Its gradient is asked for twice, before the step to the perturbed embeddings and when all of the loss is
    differentiated: the second time costs nothing so.

    Args:
        loss: scalar, computed from `cut`; its graph is freed.
        cut: (batch, n_tokens, size), the embeddings without their past, which asks for a gradient.
        embeddings: the embeddings with their past.
        parameters: those that the loss may have been computed with.

    Returns:
        The loss, whose backward hands on what is known, and its gradient at the embeddings.
    """
    wanted = [parameter for parameter in parameters if parameter.requires_grad]
    gradient, *others = torch.autograd.grad(loss, [cut, *wanted], allow_unused=True)
    found = [(embeddings, gradient)]
    found += [(p, known) for p, known in zip(wanted, others, strict=True) if known is not None]
    tensors, gradients = zip(*found, strict=True)
    known_loss: Tensor = _Known.apply(loss.detach(), gradients, *tensors)  # type: ignore[no-untyped-call]  # torch has no types for it
    return known_loss, gradient


class _Known(torch.autograd.Function):
    """A value whose gradients are known."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, gradients: tuple[Tensor, ...], *tensors: Tensor) -> Tensor:
        ctx.gradients = gradients
        return value.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *(upstream * gradient for gradient in ctx.gradients)
