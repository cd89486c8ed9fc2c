"""Servers that are not there, die, or hang: the run goes on, and a replay sends all of it once."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from tracking_processes import Server, free_port, settings_in

from whytrain.errors import TrackingError
from whytrain.tracking.connection import connect
from whytrain.tracking.maintenance import replay, spooled_runs
from whytrain.tracking.reader import find_run, metric_history, read_table
from whytrain.tracking.spool import Segment
from whytrain.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

STEPS = 20


def drawing() -> SimpleNamespace:
    from PIL import Image

    return SimpleNamespace(savefig=lambda path, *, format: Image.new("L", (8, 8)).save(path, format))


def log_epoch(store: Store, epoch: int) -> None:
    for step in range((epoch - 1) * STEPS + 1, epoch * STEPS + 1):
        store.log_metrics({"train/loss": 1 / step}, step)
    store.log_metrics({"val/loss": 1 / epoch, "val/accuracy": 0.5}, epoch)
    store.log_table(pd.DataFrame({"epoch": [epoch]}), "predictions", epoch=epoch)
    store.log_figure(drawing(), "shapley", epoch=epoch)
    store.flush()


def assert_complete(uri: str, run_id: str, epochs: int) -> None:
    """Every value once, every file there."""
    run = find_run(uri, run_id)
    assert run.status == "FINISHED"
    steps, values = metric_history(run, "train/loss")
    assert steps.tolist() == list(range(1, epochs * STEPS + 1))
    assert values.tolist() == [1 / step for step in steps.tolist()]
    steps, values = metric_history(run, "val/loss")
    assert steps.tolist() == list(range(1, epochs + 1))
    assert values.tolist() == [1 / step for step in steps.tolist()]
    for epoch in range(1, epochs + 1):
        assert read_table(run, "predictions", epoch)["epoch"].tolist() == [epoch]
    client = connect(uri)
    images = [file.path for file in client.list_artifacts(run.run_id, "images")]
    assert sorted(path.split("+")[2] for path in images) == sorted([str(e) for e in range(1, epochs + 1)] * 2)
    assert run.params == {"lr": "0.1"}
    assert len(client.get_run(run.run_id).inputs.dataset_inputs) == 1


def test_a_run_on_a_server(live_server: Server, root: Path) -> None:
    store = Store.start(settings_in(root, live_server.uri), run_name="served", tags={})
    store.log_params({"lr": 0.1})
    store.log_dataset("train", "here", "abc", 10, "training")
    for epoch in (1, 2):
        log_epoch(store, epoch)
    store.log_metrics({"nan": float("nan"), "high": float("inf")}, step=1)
    store.close("FINISHED")
    assert store.summary() is None
    assert_complete(live_server.uri, store.run_id, epochs=2)
    metrics = find_run(live_server.uri, store.run_id).metrics
    assert metrics["nan"] != metrics["nan"]
    assert metrics["high"] > 1e308


def test_a_server_that_dies_in_mid_run(live_server: Server, root: Path) -> None:
    store = Store.start(settings_in(root, live_server.uri), run_name="orphaned", tags={})
    store.log_params({"lr": 0.1})
    store.log_dataset("train", "here", "abc", 10, "training")
    log_epoch(store, 1)
    live_server.kill()
    log_epoch(store, 2)
    assert store.offline
    log_epoch(store, 3)
    store.close("FINISHED")
    summary = store.summary()
    assert summary is not None
    assert f"{2 * STEPS + 4} metric values" in summary
    assert f"replay {store.run_id}" in summary
    assert [run.info.run_id for run in spooled_runs(root / "mlruns")] == [store.run_id]

    (failed,) = replay(root / "mlruns", None, None)  # still down: nothing is lost by trying
    assert failed.error is not None
    live_server.start()
    (done,) = replay(root / "mlruns", store.run_id, None)
    assert done.error is None
    assert_complete(live_server.uri, store.run_id, epochs=3)
    assert replay(root / "mlruns", None, None) == []
    assert spooled_runs(root / "mlruns") == []


def test_a_server_that_comes_back_in_mid_run(live_server: Server, root: Path, caplog: Any) -> None:
    store = Store.start(settings_in(root, live_server.uri), run_name="patient", tags={})
    store.log_params({"lr": 0.1})
    store.log_dataset("train", "here", "abc", 10, "training")
    live_server.kill()
    log_epoch(store, 1)
    live_server.start()
    log_epoch(store, 2)  # too early for another attempt
    assert store.offline
    store._patience._next_attempt = 0.0
    log_epoch(store, 3)
    assert not store.offline
    store.close("FINISHED")
    assert store.summary() is None
    assert_complete(live_server.uri, store.run_id, epochs=3)
    assert [record.message.split()[2] for record in caplog.records if "tracking:" in record.message] == [
        "is",  # … out of reach, said once
        "is",  # … back
    ]


def test_no_server_at_all(live_server: Server, root: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    settings = settings_in(root, nowhere)
    parent = Store.start(settings, run_name="sweep", tags={})
    store = Store.start(settings, run_name="spooled", tags={"seed": "1"}, parent_run_id=parent.run_id)
    assert store.offline
    assert store.run_id.startswith("local-")
    store.log_params({"lr": 0.1})
    store.log_dataset("train", "here", "abc", 10, "training")
    for epoch in (1, 2):
        log_epoch(store, epoch)
    store.close("FINISHED")
    parent.close("FINISHED")
    # The server turns up somewhere else.
    results = replay(root / "mlruns", None, live_server.uri)
    assert [result.error for result in results] == [None, None]
    assert_complete(live_server.uri, store.run_id, epochs=2)
    sent_parent, sent = (find_run(live_server.uri, run.run_id) for run in (parent, store))
    assert results[1].info.remote_id == sent.run_id
    assert sent.tags["mlflow.parentRunId"] == sent_parent.run_id
    assert sent.tags["seed"] == "1"
    # The run can be resumed under either id, and its folder is the same.
    for run_id in (store.run_id, sent.run_id):
        again = Store.start(settings_in(root, live_server.uri), run_name="x", tags={}, run_id=run_id)
        assert (again.directory, again.run_name) == (store.directory, "spooled")
        again.close("FINISHED")
    assert_complete(live_server.uri, store.run_id, epochs=2)


def test_an_offline_run_resumed_offline(live_server: Server, root: Path) -> None:
    nowhere = settings_in(root, f"http://127.0.0.1:{free_port()}")
    store = Store.start(nowhere, run_name="twice", tags={})
    store.log_params({"lr": 0.1})
    store.log_dataset("train", "here", "abc", 10, "training")
    log_epoch(store, 1)
    store.close("KILLED")
    resumed = Store.start(nowhere, run_name="twice", tags={}, run_id=store.run_id)
    log_epoch(resumed, 1)  # as after a kill between flush and checkpoint
    log_epoch(resumed, 2)
    resumed.close("FINISHED")
    (result,) = replay(root / "mlruns", None, live_server.uri)
    assert result.error is None
    assert_complete(live_server.uri, store.run_id, epochs=2)


def test_a_replay_that_is_interrupted(
    live_server: Server, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.start(settings_in(root, f"http://127.0.0.1:{free_port()}"), run_name="cut", tags={})
    store.log_params({"lr": 0.1})
    store.log_dataset("train", "here", "abc", 10, "training")
    for epoch in (1, 2):
        log_epoch(store, epoch)
    store.close("FINISHED")
    remove, removals = Segment.remove, itertools.count()

    def dies_sometimes(segment: Segment) -> None:
        if next(removals) % 2 == 0:
            raise KeyboardInterrupt  # after sending, before forgetting
        remove(segment)

    monkeypatch.setattr(Segment, "remove", dies_sometimes)
    for _ in range(20):
        try:
            replay(root / "mlruns", None, live_server.uri)
            break
        except KeyboardInterrupt:
            continue
    assert next(removals) > 3
    assert_complete(live_server.uri, store.run_id, epochs=2)


def test_an_answer_that_got_lost(store: Store, monkeypatch: pytest.MonkeyPatch, history: Any) -> None:
    from mlflow import MlflowClient as Client

    log_batch, lost = Client.log_batch, itertools.count()

    def answer_lost(self: MlflowClient, *args: Any, **kwargs: Any) -> None:
        log_batch(self, *args, **kwargs)
        if next(lost) == 0:
            raise ConnectionResetError("the answer got lost")

    monkeypatch.setattr(Client, "log_batch", answer_lost)
    store.log_metrics({"a": 1.0}, step=1)
    store.flush()
    assert store.offline
    store.log_metrics({"a": 2.0}, step=2)
    store._patience._next_attempt = 0.0
    store.flush()
    assert not store.offline
    assert history(store.run_id, "a") == {1: [1.0], 2: [2.0]}


def test_a_run_deleted_in_mid_run_does_not_stop_the_training(
    store: Store, client: MlflowClient, history: Any
) -> None:
    client.delete_run(store.run_id)
    store.log_metrics({"a": 1.0}, step=1)
    store.flush()
    assert store.offline
    client.restore_run(store.run_id)
    store.close("FINISHED")
    assert store.summary() is None
    assert history(store.run_id, "a") == {1: [1.0]}


def test_what_mlflow_will_never_take_holds_up_nothing(store: Store, history: Any, caplog: Any) -> None:
    store.log_dataset("n" * 600, "here", "abc", 1, "training")  # MLflow's names end at 500
    store.log_metrics({"a": 1.0}, step=1)
    store.flush()
    assert not store.offline
    assert history(store.run_id, "a") == {1: [1.0]}
    assert "refused" in caplog.text


def connections(listening: socket.socket) -> int:
    """Count and close the connections that were made and never answered."""
    listening.setblocking(False)
    for count in itertools.count():
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return count
    raise AssertionError


def test_a_server_that_hangs_is_left_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")  # s; 10 in earnest
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listening:
        uri = f"http://127.0.0.1:{listening.getsockname()[1]}"
        store = Store.start(settings_in(root, uri), run_name="hanging", tags={})
        assert store.offline
        assert connections(listening) == 2  # whether somebody listens, and the one request that hung
        for epoch in range(1, 6):
            log_epoch(store, epoch)
        assert connections(listening) == 0
    store.close("FINISHED")
    assert store.summary() is not None


def test_replaying_to_a_server_that_does_not_know_the_run(live_server: Server, root: Path) -> None:
    store = Store.start(settings_in(root), run_name="elsewhere", tags={})
    store.log_metrics({"a": 1.0}, step=1)
    store._spool.rotate()
    store._folder.release()  # as if the process had died
    (result,) = replay(root / "mlruns", None, live_server.uri)
    assert result.error is not None
    assert "there is no run" in result.error
    (result,) = replay(root / "mlruns", None, None)
    assert result.error is None


def test_replaying_a_run_that_is_being_written(store: Store, root: Path) -> None:
    store.log_metrics({"a": 1.0}, step=1)
    store._spool.rotate()
    (result,) = replay(root / "mlruns", None, None)
    assert result.error is not None
    assert "being written" in result.error


def test_replaying_an_unknown_run(root: Path) -> None:
    with pytest.raises(TrackingError, match="there is no run x"):
        replay(root / "mlruns", "x", None)
