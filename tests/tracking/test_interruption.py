"""Killed processes: nothing is doubled, nothing is lost."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tracking_processes import STEPS_PER_EPOCH, loss, settings_in, start_on_fresh_store, train

from whytrain.tracking.connection import connect

if TYPE_CHECKING:
    from mlflow import MlflowClient

EPOCHS = 3


@pytest.mark.parametrize("first", [1, 4])
def test_sigkill_at_any_point_then_resume(
    processes: ForkServerContext,
    root: Path,
    client: MlflowClient,
    history: Callable[[str, str], dict[int, list[float]]],
    first: int,
) -> None:
    # An epoch has 26 points at which a process can die here (logging, sending, forgetting, checkpointing);
    # no life gets much further than one epoch, and what it began is begun again.
    lives = range(first, 31, 6)
    codes = []
    for dies_at in [*lives, None]:
        process = processes.Process(target=train, args=(root, EPOCHS, dies_at))
        process.start()
        process.join()
        codes.append(process.exitcode)
    assert codes == [-signal.SIGKILL] * len(lives) + [0]
    run_id = (root / "run_id").read_text()
    steps = range(1, EPOCHS * STEPS_PER_EPOCH + 1)
    assert history(run_id, "train/loss") == {step: [loss(step)] for step in steps}
    assert history(run_id, "val/loss") == {epoch: [loss(epoch)] for epoch in range(1, EPOCHS + 1)}
    times = history(run_id, "time/epoch_s")  # differ in a repeated epoch, and still only one may stay
    assert {epoch: len(values) for epoch, values in times.items()} == dict.fromkeys(range(1, EPOCHS + 1), 1)
    assert client.get_run(run_id).info.status == "FINISHED"
    tables = [file.path for file in client.list_artifacts(run_id, "tables/predictions")]
    stems = [f"tables/predictions/predictions_epoch_{e:03d}" for e in range(1, EPOCHS + 1)]
    assert tables == [f"{stem}.{kind}" for stem in stems for kind in ("csv", "parquet")]


def test_processes_that_start_on_a_fresh_store_at_once(processes: ForkServerContext, tmp_path: Path) -> None:
    barrier = processes.Barrier(3)
    names = ["a", "b", "c"]
    started = [
        processes.Process(target=start_on_fresh_store, args=(tmp_path, barrier, name)) for name in names
    ]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0, 0]
    client = connect(settings_in(tmp_path).address)
    experiment = client.get_experiment_by_name("tests")
    runs = client.search_runs([experiment.experiment_id])
    assert sorted((run.info.run_name, run.info.status) for run in runs) == [(n, "FINISHED") for n in names]
    assert all(run.data.metrics == {"val/loss": 0.5} for run in runs)


def test_sigkill_while_the_store_is_created(processes: ForkServerContext, tmp_path: Path) -> None:
    """Whenever the first process dies, the next one finds a whole store or makes one."""
    database = Path(settings_in(tmp_path).address.removeprefix("sqlite:///"))
    begun = database.with_name(f"{database.name}.begun")
    first = processes.Process(target=connect, args=(settings_in(tmp_path).address,))
    first.start()
    while first.is_alive() and (not begun.exists() or begun.stat().st_size < 50_000):  # some of the tables
        time.sleep(0.001)
    first.kill()
    first.join()
    assert first.exitcode == -signal.SIGKILL
    assert begun.exists()
    assert not database.exists()
    client = connect(settings_in(tmp_path).address)
    run = client.create_run(client.create_experiment("after")).info.run_id
    client.log_metric(run, "val/loss", 0.5)
    assert client.get_run(run).data.metrics == {"val/loss": 0.5}
    assert not begun.exists()
