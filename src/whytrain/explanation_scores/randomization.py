"""Does an explanation depend on what the model learned? Compare it with those of randomized models."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


def rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Spearman's rank correlation of two explanations (n,) of one sentence; NaN where one is constant.

    >>> rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.5, 0.9]))
    1.0
    """
    from scipy.stats import spearmanr  # takes a second that a comparison of runs does without

    if len(first) <= 1 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(spearmanr(first, second).statistic)


def cascading_randomization(model: nn.Module, seed: int) -> Iterator[tuple[str, nn.Module]]:
    """Randomize a copy of a model layer by layer, from the output to the input.

    Each tensor of weights is replaced by normal ones of its own mean and standard deviation, drawn from a
    generator of the seed; what was constant (a fresh LayerNorm) and an embedding's padding row stay.

    Args:
        model: the trained model; it is left as it is.
        seed: seed of the generator.

    Yields:
        The layer's name and the model with this and all later layers randomized: the same object every
        time, so explain it before going on.

    References:
        Adebayo et al. (2018), Sanity checks for saliency maps, section 3.1.
    """
    randomized = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    for name, layer in reversed(list(randomized.named_modules())):
        parameters = list(layer.parameters(recurse=False))
        if not parameters:
            continue
        with torch.no_grad():
            for parameter in parameters:
                noise = torch.randn(parameter.shape, generator=generator).to(parameter)
                spread = parameter.std(correction=0)
                parameter.copy_(noise * spread + parameter.mean())
            if isinstance(layer, nn.Embedding) and layer.padding_idx is not None:
                layer.weight[layer.padding_idx] = 0
        yield name, randomized
