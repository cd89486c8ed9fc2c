"""Runs are found by id or unique name, and read back as they were logged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from tracking_processes import free_port, settings_in

from whytrain.api.runs import open_run
from whytrain.errors import TrackingError
from whytrain.tracking.reader import (
    RunRecord,
    download,
    find_run,
    metric_history,
    read_table,
    saved_model,
)
from whytrain.tracking.store import Store


@pytest.fixture
def uri(root: Path) -> str:
    return settings_in(root).address


@pytest.fixture
def run(store: Store, uri: str) -> RunRecord:
    store.log_params({"lr": 0.1})
    for epoch in (2, 1, 3):  # out of order, as a resumed run may log them
        store.log_metrics({"val/loss": 1 / epoch}, step=epoch)
        store.log_table(pd.DataFrame({"epoch": [epoch]}), "predictions", epoch=epoch)
    store.log_table(pd.DataFrame({"a": [1]}), "predictions", name="rows")
    store.log_yaml({"seed": 0, "model": {"hidden_size": 128}}, "config/config.yaml")
    store.close("FINISHED")
    return find_run(uri, store.run_id)


def test_a_record_holds_what_was_logged(run: RunRecord, uri: str) -> None:
    assert (run.name, run.status, run.params, run.model_ids) == ("run", "FINISHED", {"lr": "0.1"}, ())
    assert run.metrics == {"val/loss": 1 / 3}
    assert run.tags["seed"] == "0"
    assert find_run(uri, "run") == run


def test_names_with_quotes(root: Path, uri: str) -> None:
    for name in ("it's it", 'say "it"', "100% _ \\ žluť"):
        store = Store.start(settings_in(root), run_name=name, tags={})
        store.close("FINISHED")
        assert find_run(uri, name).run_id == store.run_id
    with pytest.raises(TrackingError, match="there is no run"):
        find_run(uri, '"it\'s"')
    for _ in range(2):  # MLflow, which has to tell two of a name apart, cannot ask for such a name
        Store.start(settings_in(root), run_name='"it\'s"', tags={}).close("FINISHED")
    with pytest.raises(TrackingError, match="give the run's id"):
        find_run(uri, '"it\'s"')


def test_a_name_that_two_runs_have(root: Path, run: RunRecord, uri: str) -> None:
    second = Store.start(settings_in(root, experiment="other"), run_name="run", tags={})
    second.close("FINISHED")
    with pytest.raises(TrackingError, match="2 runs are named 'run'") as raised:
        find_run(uri, "run")
    assert run.run_id in str(raised.value)
    assert second.run_id in str(raised.value)


def test_a_name_that_no_run_has(root: Path, run: RunRecord, uri: str) -> None:
    Store.start(settings_in(root), run_name="bilstm-opt-7", tags={}).close("FINISHED")
    with pytest.raises(TrackingError, match=r"no run 'bilstm-opt-6' .* close to it: bilstm-opt-7$"):
        find_run(uri, "bilstm-opt-6")
    with pytest.raises(TrackingError, match=r"the newest are: bilstm-opt-7, run"):
        find_run(uri, "0" * 32)
    with pytest.raises(TrackingError, match=r"local-1 is not at .*replay"):
        find_run(uri, "local-1")


def test_only_trainings_are_offered_and_names_that_a_list_would_split_are_quoted(
    root: Path, run: RunRecord, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, tags in (("a, b", {}), ("a, b against run", {"kind": "comparison"}), ("many", {"sweep": "lr"})):
        Store.start(settings_in(root), run_name=name, tags=tags).close("FINISHED")
    with pytest.raises(TrackingError, match=r"the newest are: 'a, b', run$"):
        find_run(uri, "nope")
    with pytest.raises(
        TrackingError, match=r"^run a, b against run is a comparison: give the run of a training$"
    ):
        open_run("a, b against run", uri)
    monkeypatch.setattr("whytrain.tracking.reader.known_run", lambda address, said: said)  # as of a server
    with pytest.raises(TrackingError, match=r"the newest are: 'a, b', run$"):
        find_run(uri, "nope")


def test_an_empty_store(root: Path, uri: str) -> None:
    with pytest.raises(TrackingError, match="it has no runs at all"):
        find_run(uri, "run")


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    database = tmp_path / "none.db"
    with pytest.raises(TrackingError, match="no tracked runs at"):
        find_run(f"sqlite:///{database}", "run")
    assert not database.exists()


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(TrackingError, match=r"cannot read from http://127.0.0.1") as raised:
        find_run(f"http://127.0.0.1:{free_port()}", "run")
    assert "\n" not in str(raised.value)


def test_histories_are_in_the_order_of_steps(run: RunRecord) -> None:
    steps, values = metric_history(run, "val/loss")
    assert steps.tolist() == [1, 2, 3]
    assert values.tolist() == [1.0, 1 / 2, 1 / 3]
    with pytest.raises(TrackingError, match="no metric val/los; it has val/loss"):
        metric_history(run, "val/los")


def test_tables_of_an_epoch_the_last_and_the_whole_run(run: RunRecord) -> None:
    assert read_table(run, "predictions", 2)["epoch"].tolist() == [2]
    assert read_table(run, "predictions", "last")["epoch"].tolist() == [3]
    assert read_table(run, "predictions", name="rows")["a"].tolist() == [1]
    with pytest.raises(
        TrackingError, match=r"no tables/predictions/predictions_epoch_009.parquet; .*epoch_003"
    ):
        read_table(run, "predictions", 9)
    with pytest.raises(TrackingError, match=r"the tables of shapley are: none"):
        read_table(run, "shapley", "last")


def test_files(run: RunRecord) -> None:
    assert download(run, "config/config.yaml").read_text() == "seed: 0\nmodel:\n  hidden_size: 128\n"
    with pytest.raises(TrackingError, match="has no artifact nothing"):
        download(run, "nothing.txt")
    with pytest.raises(TrackingError, match=r"run run has no logged model \(FINISHED\); train it again$"):
        saved_model(run)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("KILLED", r"\(KILLED\); go on with: \S.* train resume=ID tracking\.directory="),
        ("FAILED", r"\(FAILED\); go on with: "),
        ("RUNNING", r"\(RUNNING\); wait for its end or, if it was killed, go on with: .* resume=ID"),
    ],
)
def test_a_run_without_an_end_says_how_it_goes_on(
    run: RunRecord, status: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")  # where another store is the default
    unfinished = replace(run, status=status)
    with pytest.raises(TrackingError, match=said.replace("ID", run.run_id[:8])):
        saved_model(unfinished)
    assert run.goes_on == ""
    for tag in ("kind", "sweep"):
        assert replace(unfinished, tags={tag: "loop"}).goes_on == "; give the run of a training"


def test_files_of_this_machine_are_read_where_they_lie(run: RunRecord, root: Path) -> None:
    path = download(run, "config/config.yaml")
    assert run.folder is not None
    assert path == run.folder / "config/config.yaml"
    assert path.is_relative_to(root)
    (run.folder.parent / "secret.txt").write_text("of another run")
    for outside in ("../secret.txt", str(run.folder.parent / "secret.txt")):
        with pytest.raises(TrackingError, match="has no artifact"):
            download(run, outside)
