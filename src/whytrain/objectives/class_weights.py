"""Weights of classes that let rare ones count as much as frequent ones."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def balanced_weights(labels: NDArray[np.int64], n_classes: int) -> Tensor:
    """Return n / (k · n_c) for each class, float32 (n_classes,): all classes weigh the same together.

    Their mean over the rows is 1, so that learning rates and other terms keep their meaning. A class without
    rows has the weight 0: there is nothing to weigh.

    Args:
        labels: int64 (n,), of the training rows.
        n_classes: k; only classes with rows count.

    References:
        King, Zeng (2001), Logistic regression in rare events data; `class_weight="balanced"` of scikit-learn.

    >>> balanced_weights(np.array([0, 0, 0, 1]), 2).tolist()
    [0.6666666865348816, 2.0]
    """
    counts = np.bincount(labels, minlength=n_classes)
    is_there = counts > 0
    weights = np.where(is_there, len(labels) / (is_there.sum() * np.maximum(counts, 1)), 0.0)
    return torch.from_numpy(weights.astype(np.float32))
