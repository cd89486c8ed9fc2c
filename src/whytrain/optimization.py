"""AdamW with row-wise embedding updates, gradient clipping that knows sparse gradients, schedules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from annotated_types import Ge, Gt, Interval
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer, SparseAdam
from torch.optim.lr_scheduler import LambdaLR, LRScheduler


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """How the weights are updated.

    Attributes:
        learning_rate: peak of the schedule.
        weight_decay: decoupled decay of weight matrices; biases, norms and row-wise embeddings have none.
        schedule: `one_cycle` (linear warm-up, then a cosine to zero) or `constant`.
        warmup: share of all steps in which the learning rate rises; one_cycle only.
        sparse_embeddings: update only the embedding rows of a batch. `auto`: on one CPU process, where
            touching the whole table costs more than the recurrent layer.
    """

    learning_rate: Annotated[float, Gt(0)]
    weight_decay: Annotated[float, Ge(0)]
    schedule: Literal["one_cycle", "constant"]
    warmup: Annotated[float, Interval(ge=0, lt=1)]
    sparse_embeddings: Literal["auto"] | bool


class RowwiseAdamW(Optimizer):
    """One optimizer made of two: fused AdamW for dense parameters, SparseAdam for embedding tables.

    SparseAdam moves the moments and weights of only those rows that have a gradient, so a step costs as
    much as the words of the batch, not as the vocabulary.
    """

    def __init__(self, dense: AdamW, sparse: SparseAdam) -> None:
        """Join the two; schedulers see the parameter groups of both."""
        self.dense, self.sparse = dense, sparse
        super().__init__([{"params": g["params"]} for g in dense.param_groups + sparse.param_groups], {})
        self.param_groups = dense.param_groups + sparse.param_groups

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # torch types step by overloads
        """Update all parameters; the closure, if any, is evaluated once and before both updates."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self.dense.step()
        self.sparse.step()  # type: ignore[no-untyped-call]  # torch has no types for it
        return loss

    def state_dict(self) -> dict[str, Any]:
        """State of both parts."""
        return {"dense": self.dense.state_dict(), "sparse": self.sparse.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore both parts."""
        self.dense.load_state_dict(state_dict["dense"])
        self.sparse.load_state_dict(state_dict["sparse"])
        self.param_groups = self.dense.param_groups + self.sparse.param_groups


def make_optimizer(model: nn.Module, settings: OptimizerSettings, *, sparse_embeddings: bool) -> Optimizer:
    """AdamW over the model's trainable parameters, with row-wise embedding updates where asked for.

    Args:
        model: embeddings in it are switched to sparse gradients (or back) to match.
        settings: learning rate and decay.
        sparse_embeddings: the decision behind `settings.sparse_embeddings`.
    """
    tables: list[Tensor] = []
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            module.sparse = sparse_embeddings
            if sparse_embeddings and module.weight.requires_grad:
                tables.append(module.weight)
    in_tables = {id(table) for table in tables}
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in in_tables]
    groups = [
        {"params": [p for p in rest if p.ndim >= 2], "weight_decay": settings.weight_decay},
        {"params": [p for p in rest if p.ndim < 2], "weight_decay": 0.0},
    ]
    dense = AdamW([g for g in groups if g["params"]], lr=settings.learning_rate, fused=True)
    if not tables:
        return dense
    return RowwiseAdamW(dense, SparseAdam(tables, lr=settings.learning_rate))


def make_schedule(optimizer: Optimizer, settings: OptimizerSettings, n_steps: int) -> LRScheduler:
    """Learning rate by optimizer step, for `n_steps` steps in all.

    References:
        Smith, Topin (2018), Super-convergence (the one-cycle policy).
    """
    if settings.schedule == "constant":
        return LambdaLR(optimizer, lambda step: 1.0)
    n_warmup = max(1, round(settings.warmup * n_steps))

    def one_cycle(step: int) -> float:
        if step < n_warmup:
            return (step + 1) / n_warmup
        progress = min(1.0, (step - n_warmup) / max(1, n_steps - n_warmup))
        return 0.5 * (1 + math.cos(math.pi * progress))

    return LambdaLR(optimizer, one_cycle)


def clip_gradients(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients so that their joint Euclidean norm is at most `max_norm`; 0 leaves them.

    Sparse gradients are coalesced in place, and only their values take part. No device but the CPU is waited
    for.

    Returns:
        The norm before clipping, a scalar on the gradients' device (not finite if a gradient is not).
    """
    values = []
    for parameter in parameters:
        if parameter.grad is None:
            continue
        if parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()
            values.append(parameter.grad._values())
        else:
            values.append(parameter.grad)
    if not values:
        return torch.zeros(())
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(values)))
    if max_norm > 0 and norm.device.type != "cpu":
        torch._foreach_mul_(values, (max_norm / norm).clamp(max=1.0))
    elif max_norm > 0 and norm > max_norm:
        torch._foreach_mul_(values, max_norm / float(norm))
    return norm
