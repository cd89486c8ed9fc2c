"""What each callback costs a training is measured from outside, whatever it does."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.order import Phase
from whytrain.callbacks.spent import Spent
from whytrain.tracking.memory_store import MemoryStore


class Slow(Callback):
    """Takes 1 s at the start, 2 at the end of an epoch, 4 behind it and 8 at the end, 16 in a batch."""

    topic = "slow"

    def __init__(self, clock: list[float]) -> None:
        self.clock = clock

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self.clock[0] += 1

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.clock[0] += 2

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.clock[0] += 4

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        self.clock[0] += 8

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.clock[0] += 16


class Shows(Slow):
    """Likewise, but it only shows something."""

    phase = Phase.SHOW


class OneProbe(Callback):
    """Fails after 3 s."""

    def __init__(self, clock: list[float]) -> None:
        self.clock = clock

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        self.clock[0] += 3
        raise OSError("the disk is full")


def test_every_hook_counts_once_under_its_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, store, spent = [100.0], MemoryStore(), Spent()
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    slow, shows, probe = spent.timed([Slow(clock), Shows(clock), OneProbe(clock)], store)
    trainer: Any = SimpleNamespace(current_epoch=0)
    for callback in (slow, shows):
        callback.on_fit_start(trainer, None)  # type: ignore[arg-type]
    for epoch in (0, 1):
        trainer.current_epoch = epoch
        for callback in (slow, shows):
            callback.on_train_batch_end(trainer, None, None, None, 0)  # type: ignore[arg-type]
            callback.on_validation_end(trainer, None)  # type: ignore[arg-type]
            callback.on_train_epoch_end(trainer, None)  # type: ignore[arg-type]
    trainer.current_epoch = 2
    slow.on_fit_end(trainer, None)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="disk"):
        probe.on_fit_end(trainer, None)  # type: ignore[arg-type]
    assert spent.totals == {"slow": 1 + 2 * (2 + 4) + 8, "one_probe": 3}
    epochs = {epoch: {"time/slow_s": 2.0} for epoch in (1, 2)}
    epochs[2]["time/slow_end_s"] = 8.0
    assert store.metrics == epochs


def test_other_processes_track_nothing() -> None:
    spent = Spent()
    [slow] = spent.timed([Slow([0.0])], None)
    slow.on_validation_end(SimpleNamespace(current_epoch=0), None)  # type: ignore[arg-type]
    assert list(spent.totals) == ["slow"]
