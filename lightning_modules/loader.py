"""Batches in the order of a plan, resumable in mid-epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whytrain.data.encoded import EncodedSplit
from whytrain.types import Batch

Plan = Sequence[NDArray[np.int64]]


class EvaluationLoader:
    """Iterates a split in one fixed plan."""

    def __init__(self, split: EncodedSplit, batches: Plan) -> None:
        """Store the split and the row indices of each batch."""
        self.split, self.batches = split, batches

    def __len__(self) -> int:
        """Number of batches."""
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        """Yield all batches."""
        return map(self.split.batch, self.batches)


class TrainingLoader:
    """Iterates the sentences and batches of `epoch_of(epoch)`.

    Lightning tells the epoch through `sampler.set_epoch` (this object is its own sampler) and stores
    `state_dict` in checkpoints, so a run that stopped in mid-epoch goes on with the next batch.
    """

    def __init__(self, epoch_of: Callable[[int], tuple[EncodedSplit, Plan]]) -> None:
        """Store what an epoch (from 0) consists of: the sentences, and row indices of each batch."""
        self.epoch_of = epoch_of
        self.sampler = self
        self._epoch = 0
        self._position = 0
        self._found: tuple[EncodedSplit, Plan] | None = None

    def set_epoch(self, epoch: int) -> None:
        """Use the plan of another epoch from the next iteration on."""
        if epoch != self._epoch:
            self._epoch, self._found, self._position = epoch, None, 0

    def __len__(self) -> int:
        """Number of batches in the epoch."""
        return len(self._current()[1])

    def __iter__(self) -> Iterator[Batch]:
        """Yield the epoch's batches from the stored position on."""
        split, batches = self._current()
        start, self._position = self._position, 0
        for index in range(start, len(batches)):
            self._position = index + 1
            yield split.batch(batches[index])
        self._position = 0

    def state_dict(self) -> dict[str, Any]:
        """The epoch and how many of its batches were handed out."""
        return {"epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue behind the batch that was handed out last; at the end of an epoch, with a full one."""
        self._epoch, self._found, self._position = state["epoch"], None, state["position"]
        if self._position >= len(self):
            self._position = 0

    def _current(self) -> tuple[EncodedSplit, Plan]:
        if self._found is None:
            self._found = self.epoch_of(self._epoch)
        return self._found
