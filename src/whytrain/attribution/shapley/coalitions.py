"""Coalitions as bits: bit i of a coalition's index says whether player i is present."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = tuple[NDArray[np.int64], NDArray[np.int64]]  # where their logits go (n,), token ids (n, n_tokens)


def n_players_of(n_coalitions: int) -> int:
    """Return n for a table of 2^n coalitions.

    Raises:
        ValueError: the number of coalitions is no power of two.
    """
    n_players = n_coalitions.bit_length() - 1
    if n_coalitions < 1 or n_coalitions != 1 << n_players:
        raise ValueError(
            f"expected a table of 2^n coalitions, got {n_coalitions} entries; compute all of them"
        )
    return n_players


def subset_sums(masks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the union of the masks of every subset: (2^k,) for disjoint masks (k,).

    >>> subset_sums(np.array([1, 6])).tolist()
    [0, 1, 6, 7]
    """
    sums = np.zeros(1, dtype=np.int64)
    for mask in masks:
        sums = np.concatenate([sums, sums + mask])
    return sums


def coalition_sizes(n_players: int) -> NDArray[np.int64]:
    """Return |S| of all coalitions: int64 (2^n,)."""
    return subset_sums(np.ones(n_players, dtype=np.int64))


def membership(indices: NDArray[np.int64], n_players: int) -> NDArray[np.bool_]:
    """Return who is present: bool (n_coalitions, n_players) for coalition indices (n_coalitions,)."""
    present: NDArray[np.bool_] = (indices[:, None] >> np.arange(n_players)) & 1 != 0
    return present


def coalition_indices(present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the indices (n_coalitions,) of coalitions given as bool (n_coalitions, n_players)."""
    indices: NDArray[np.int64] = present @ (1 << np.arange(present.shape[1], dtype=np.int64))
    return indices
