"""The loader goes on where it stopped."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from whytrain.data.encoded import EncodedSplit
from whytrain.lightning_modules.loader import EvaluationLoader, TrainingLoader

SPLIT = EncodedSplit(
    token_ids=np.arange(1, 21, dtype=np.int32),
    offsets=np.arange(0, 21, 2),
    labels=np.arange(10) % 2,
    padding_id=0,
)


def plan(epoch: int) -> list[np.ndarray]:
    """Ten rows in five batches, in another order in every epoch."""
    return np.array_split(np.random.default_rng(epoch).permutation(10), 5)


def epoch_of(epoch: int) -> tuple[EncodedSplit, list[np.ndarray]]:
    """The same sentences in every epoch."""
    return SPLIT, plan(epoch)


def rows(batches) -> list[list[int]]:
    return [batch.rows.tolist() for batch in batches]


def expected(epoch: int) -> list[list[int]]:
    return [part.tolist() for part in plan(epoch)]


def test_an_epoch_follows_its_plan_and_can_be_repeated():
    loader = TrainingLoader(epoch_of)
    assert len(loader) == 5
    assert rows(loader) == rows(loader) == expected(0)
    loader.sampler.set_epoch(3)
    assert rows(loader) == expected(3) != expected(0)


@pytest.mark.parametrize("n_done", [1, 2, 4])
def test_in_mid_epoch_it_continues_behind_the_last_batch(n_done):
    loader = TrainingLoader(epoch_of)
    loader.set_epoch(2)
    list(itertools.islice(loader, n_done))
    state = loader.state_dict()
    other = TrainingLoader(epoch_of)
    other.load_state_dict(state)
    other.set_epoch(2)  # Lightning tells the epoch again before it iterates
    assert rows(other) == expected(2)[n_done:]
    assert rows(other) == expected(2)  # and then a full epoch
    other.set_epoch(3)
    assert rows(other) == expected(3)


def test_at_an_epochs_end_it_starts_a_full_one():
    loader = TrainingLoader(epoch_of)
    iterator = iter(loader)
    for _ in range(5):
        next(iterator)
    state = loader.state_dict()
    assert state == {"epoch": 0, "position": 5}
    other = TrainingLoader(epoch_of)
    other.load_state_dict(state)
    other.set_epoch(1)
    assert rows(other) == expected(1)


def test_evaluation_is_the_same_every_time():
    loader = EvaluationLoader(SPLIT, plan(0))
    assert len(loader) == 5
    assert rows(loader) == rows(loader) == expected(0)
