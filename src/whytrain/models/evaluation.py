"""Evaluating a model: in eval mode, with or without gradients, and everything as it was afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from whytrain.types import PredictFn


def module_of(predict: PredictFn) -> nn.Module | None:
    """Return the module behind a predict function: itself, or its attribute `module`."""
    candidate = predict if isinstance(predict, nn.Module) else getattr(predict, "module", None)
    return candidate if isinstance(candidate, nn.Module) else None


def device_of(predict: PredictFn, device: torch.device | str | None = None) -> torch.device:
    """Return the device asked for, else that of the parameters, else the CPU."""
    if device is not None:
        return torch.device(device)
    module = module_of(predict)
    parameter = None if module is None else next(module.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


@contextmanager
def evaluating(predict: PredictFn) -> Iterator[None]:
    """Evaluate without dropout and without gradients; every submodule's mode is restored at the end."""
    module = module_of(predict)
    modes = [] if module is None else [(m, m.training) for m in module.modules()]
    try:
        if module is not None:
            module.eval()
        # Not inference mode: a buffer that a model caches here must remain usable in training.
        with torch.no_grad():
            yield
    finally:
        for submodule, mode in modes:
            submodule.training = mode


@contextmanager
def differentiable(predict: PredictFn) -> Iterator[None]:
    """Evaluate without dropout but with gradients, leaving no gradient on the parameters.

    cuDNN's recurrent layers refuse to run backward in evaluation mode, so it is switched off inside.
    """
    with evaluating(predict), torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        yield


@contextmanager
def twice_differentiable() -> Iterator[None]:
    """Compute with what autograd can differentiate twice: fused recurrent layers and attention cannot."""
    with torch.backends.cudnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH):
        yield
