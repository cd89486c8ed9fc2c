"""A model that knows the weights of some words, and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Reader:
    """Says 1 where the weights of a text's words and its bias are above 0."""

    weights: Mapping[str, float]
    bias: float = 0.0
    asked: int = field(default=0)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        self.asked += len(texts)
        scores = [self.bias + sum(self.weights.get(w, 0.0) for w in text.lower().split()) for text in texts]
        p = 1 / (1 + np.exp(-np.array(scores, dtype=np.float64)))
        return np.stack([1 - p, p], axis=1)
