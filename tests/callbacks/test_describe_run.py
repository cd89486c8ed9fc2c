"""What a run says of the time that it took."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from whytrain.callbacks.describe_run import DescribeRun
from whytrain.tracking.memory_store import MemoryStore


def test_the_overhead_is_all_but_training_and_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    history: Any = SimpleNamespace(epochs=[{"time/epoch_s": 10.0}, {"time/epoch_s": 15.0}])
    other_rank: Any = SimpleNamespace(is_global_zero=False)
    store = MemoryStore()
    trainer: Any = SimpleNamespace(
        is_global_zero=True, logger=SimpleNamespace(experiment=store), current_epoch=2
    )
    stopped, resumed = (DescribeRun({}, None, {}, history, None) for _ in range(2))  # type: ignore[arg-type]
    stopped.on_fit_start(other_rank, None)  # type: ignore[arg-type]
    stopped.spent.totals["history"] = 5.0
    now += 30.0
    state = stopped.state_dict()
    now += 10_000.0  # nobody trains
    resumed.load_state_dict(state)
    resumed.on_fit_start(other_rank, None)  # type: ignore[arg-type]
    resumed.spent.totals["model"] = 9.0
    now += 70.0
    resumed.teardown(trainer, None, "fit")  # type: ignore[arg-type]
    assert not store.metrics  # a fit that did not come to its end
    resumed.results = {"best epoch (2)": None}  # type: ignore[dict-item]
    resumed.teardown(trainer, None, "fit")  # type: ignore[arg-type]
    took = {"time/history_total_s": 5.0, "time/model_total_s": 9.0, "time/rest_total_s": 61.0}
    assert store.metrics[2] == took | {"time/fit_s": 100.0, "time/overhead": 0.75}
    assert resumed.overhead == 0.75
