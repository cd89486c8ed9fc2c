"""Which sentences form a batch: equal lengths together, so that almost nothing is padded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def batch_plan(
    lengths: NDArray[np.integer], batch_size: int, seed: int, epoch: int, n_ranks: int = 1
) -> list[list[Rows]]:
    """Return the batches of one epoch for each rank, a pure function of the arguments.

    Sentences of one length fill batches of `batch_size`, which need neither padding nor packing. The
    leftovers of all lengths, sorted by length, are cut into batches of nearly equal size. Every row
    is in exactly one batch. Batches of similar length are dealt to the ranks as one step, and the
    steps are shuffled. Where the number of batches is no multiple of `n_ranks`, the largest batches are
    halved until it is: all ranks get equally many batches, no row is lost or repeated. Only where
    every batch has a single row are rows repeated, as few as fill the last step.

    Args:
        lengths: (n,), tokens per sentence.
        batch_size: sentences per batch, at least 1.
        seed: seed of the training.
        epoch: counted from 1.
        n_ranks: processes that train together.

    Returns:
        For each rank its batches, in order; a batch is int64 (≤ batch_size,), rows.

    >>> [batches] = batch_plan(np.array([5, 3, 5, 3]), 2, seed=0, epoch=1)
    >>> sorted(sorted(batch.tolist()) for batch in batches)
    [[0, 2], [1, 3]]
    """
    generator = np.random.default_rng([seed, epoch])
    batches = _by_length(lengths, batch_size, generator.permutation(len(lengths)))
    _split_surplus(batches, n_ranks)
    steps = generator.permutation(len(batches) // n_ranks)
    return [[batches[step * n_ranks + rank] for step in steps] for rank in range(n_ranks)]


def evaluation_plan(lengths: NDArray[np.integer], batch_size: int) -> list[Rows]:
    """Return batches of equal length, and batches of what is left over, from short to long.

    The same for every epoch. Args as in `batch_plan`.
    """
    return _by_length(lengths, batch_size, np.arange(len(lengths)))


def _by_length(lengths: NDArray[np.integer], batch_size: int, order: Rows) -> list[Rows]:
    """Cut rows, taken in the given order within each length, into batches; short ones first."""
    order = order[np.argsort(lengths[order].astype(np.int32), kind="stable")]
    ranked = lengths[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])[: len(ranked)])
    counts = np.diff(np.append(starts, len(ranked)))
    place = np.arange(len(ranked)) - np.repeat(starts, counts)
    full = place < np.repeat(counts - counts % batch_size, counts)
    batches = list(order[full].reshape(-1, batch_size))
    leftovers = order[~full]
    if len(leftovers):
        batches += np.array_split(leftovers, -(-len(leftovers) // batch_size))
    batches.sort(key=lambda rows: int(lengths[rows[-1]]))
    return batches


def _split_surplus(batches: list[Rows], n_ranks: int) -> None:
    """Halve the largest batches, of these the longest sentences, until `n_ranks` divides their number."""
    missing = -len(batches) % n_ranks
    for number in range(missing):
        place = max(range(len(batches)), key=lambda place: (len(batches[place]), place))
        rows = batches[place]
        if len(rows) > 1:
            half = len(rows) // 2
            batches[place : place + 1] = [rows[:half], rows[half:]]
        else:  # nothing is left to halve
            batches.append(batches[number % len(batches)])
