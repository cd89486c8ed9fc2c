"""How many coalitions a regression takes, and which ones are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PER_WORD = 4  # samples at least, so that the spread of coefficients can be estimated


def n_samples(asked: int, n_words: int) -> int:
    """Return how many coalitions are evaluated: all 2^n if so many are asked for, else at least 4 per word.

    >>> n_samples(2048, 11), n_samples(2048, 12), n_samples(16, 40)
    (2048, 2048, 160)
    """
    return 1 << n_words if n_words < asked.bit_length() else max(asked, _PER_WORD * n_words)


def subsets(sizes: NDArray[np.int64], n_words: int, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Draw a set of each size: bool (n_samples, n_words)."""
    ranks = generator.random((len(sizes), n_words)).argsort(axis=1).argsort(axis=1)
    present: NDArray[np.bool_] = ranks < sizes[:, None]
    return present
