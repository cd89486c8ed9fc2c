"""The batch plan: every row once, hardly any padding, equal counts for every rank."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whytrain.data.batch_plan import batch_plan, evaluation_plan

LENGTHS = st.lists(st.integers(3, 12), min_size=1, max_size=150).map(np.array)


@given(LENGTHS, st.integers(1, 16), st.integers(0, 3), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_every_row_once_and_as_many_equal_batches_as_there_can_be(
    lengths: np.ndarray, batch_size: int, seed: int, epoch: int
) -> None:
    [batches] = batch_plan(lengths, batch_size, seed, epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(batch.dtype == np.int64 and 1 <= len(batch) <= batch_size for batch in batches)
    full = [batch for batch in batches if len(batch) == batch_size and np.ptp(lengths[batch]) == 0]
    assert len(full) >= sum(count // batch_size for count in np.bincount(lengths))
    mixed = [batch for batch in batches if np.ptp(lengths[batch]) > 0]
    # Leftovers are fewer than a batch per length, and come sorted: their ranges do not overlap.
    assert sum(map(len, mixed)) <= (batch_size - 1) * len(np.unique(lengths))
    ranges = sorted((lengths[batch].min(), lengths[batch].max()) for batch in mixed)
    assert all(left[1] <= right[0] for left, right in pairwise(ranges))


@given(LENGTHS, st.integers(1, 16), st.integers(2, 9))
@settings(max_examples=100, deadline=None)
def test_ranks_get_equal_counts_and_no_row_is_lost(
    lengths: np.ndarray, batch_size: int, n_ranks: int
) -> None:
    ranks = batch_plan(lengths, batch_size, seed=0, epoch=1, n_ranks=n_ranks)
    assert len(ranks) == n_ranks
    assert len({len(batches) for batches in ranks}) == 1
    rows = np.concatenate([batch for batches in ranks for batch in batches])
    assert set(rows.tolist()) == set(range(len(lengths)))
    assert max(len(batch) for batches in ranks for batch in batches) <= batch_size
    # With batches of two or more, n rows are at most n / 2 + 1 batches: enough can be halved.
    if len(lengths) % n_ranks == 0 or (batch_size > 1 and len(lengths) >= 2 * n_ranks):
        assert len(rows) == len(lengths)
    assert len(rows) < len(lengths) + n_ranks


def test_a_step_of_all_ranks_has_similar_lengths() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, size=5000)
    ranks = batch_plan(lengths, 16, seed=0, epoch=1, n_ranks=4)
    spread = [np.ptp([lengths[batch].max() for batch in step]) for step in zip(*ranks, strict=True)]
    assert np.mean(spread) < 2  # of 57 possible


def test_pure_function_of_seed_and_epoch() -> None:
    lengths = np.random.default_rng(0).integers(3, 30, size=500)

    def flat(seed: int, epoch: int) -> list[list[int]]:
        return [batch.tolist() for batch in batch_plan(lengths, 16, seed, epoch)[0]]

    state = np.random.get_state()[1].copy()
    assert flat(0, 1) == flat(0, 1)
    assert flat(0, 1) != flat(0, 2)
    assert flat(0, 1) != flat(1, 1)
    assert np.array_equal(state, np.random.get_state()[1])  # the global generator is left alone


def test_epochs_change_the_company_of_a_row_and_the_order_of_lengths() -> None:
    lengths = np.repeat([5, 9], 64)
    first, second = (batch_plan(lengths, 16, 0, epoch)[0] for epoch in (1, 2))
    assert {frozenset(batch.tolist()) for batch in first} != {frozenset(batch.tolist()) for batch in second}
    assert [lengths[batch[0]] for batch in first] != sorted(lengths[batch[0]] for batch in first)


@given(LENGTHS, st.integers(1, 16))
@settings(max_examples=100, deadline=None)
def test_evaluation_takes_every_row_once_from_short_to_long(lengths: np.ndarray, batch_size: int) -> None:
    batches = evaluation_plan(lengths, batch_size)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    longest = [lengths[batch].max() for batch in batches]
    assert longest == sorted(longest)


@pytest.mark.parametrize("n_ranks", [1, 2])
def test_no_rows(n_ranks: int) -> None:
    assert batch_plan(np.array([], dtype=np.int64), 4, 0, 1, n_ranks) == [[] for _ in range(n_ranks)]
    assert evaluation_plan(np.array([], dtype=np.int64), 4) == []
