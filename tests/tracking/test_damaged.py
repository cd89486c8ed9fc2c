"""What is damaged, foreign or crafted in a tracking folder is told in a line, and hides nothing else."""

from __future__ import annotations

import json
import logging
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tracking_processes import free_port, settings_in

from whytrain.errors import ConfigError, TrackingError, ending_signals
from whytrain.tracking.__main__ import main
from whytrain.tracking.maintenance import replay
from whytrain.tracking.reader import find_run
from whytrain.tracking.run_folder import RunFolder
from whytrain.tracking.spool import Spool
from whytrain.tracking.store import Store
from whytrain.tracking.sweep_folder import SweepFolder


@pytest.fixture
def spooled(root: Path) -> Store:
    """A run whose server was never there."""
    store = Store.start(settings_in(root, f"http://127.0.0.1:{free_port()}"), run_name="spooled", tags={})
    store.log_metrics({"a": 1.0}, step=1)
    store.close("FINISHED")
    return store


def empty(folder: Path) -> str:
    (folder / "run.json").write_text("")
    return "cannot be read"


def foreign(folder: Path) -> str:
    (folder / "run.json").write_text('["something", "else"]')
    return "is no record of a run"


def of_another_run(folder: Path) -> str:
    text = next(folder.parent.glob("local-*/run.json")).read_text()
    (folder / "run.json").write_text(text)
    return "is not of this folder's run"


def newer(folder: Path) -> str:
    plain = json.loads(next(folder.parent.glob("local-*/run.json")).read_text())
    plain |= {"run_id": folder.name, "mood": "good"}
    (folder / "run.json").write_text(json.dumps(plain))
    return "was written by a newer version of whytrain (mood)"


def a_folder(folder: Path) -> str:
    (folder / "run.json").mkdir()
    return "cannot be read"


@pytest.mark.parametrize("damage", [empty, foreign, of_another_run, newer, a_folder])
def test_one_bad_run_does_not_hide_the_others(
    spooled: Store,
    root: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], str],
) -> None:
    bad = spooled.directory.parent / "bad"
    bad.mkdir()
    told = damage(bad)
    for command in ("list", "usage", "replay"):
        caplog.clear()
        assert main([command]) == int(command == "replay")  # the server is still away
        assert spooled.run_id in capsys.readouterr().out
        [line] = [record.getMessage() for record in caplog.records]
        assert told in line
        assert str(bad) in line
    with pytest.raises(TrackingError, match=r"run\.json"):
        Store.start(settings_in(root), run_name="x", tags={}, run_id="bad")


def test_stray_files_in_a_spool_are_left_alone(spooled: Store, root: Path) -> None:
    stray = spooled.directory / "spool" / "notes (copy).jsonl"
    stray.write_text("not ours")
    [result] = replay(root / "mlruns", None, settings_in(root).address)
    assert result.error is None
    assert stray.read_text() == "not ours"


def rewritten(spooled: Store, change: Callable[[dict[str, Any]], object]) -> None:
    """Change every operation of a spool."""
    for journal in (spooled.directory / "spool").glob("*.jsonl"):
        operations = [json.loads(line) for line in journal.read_text().splitlines()]
        for operation in operations:
            change(operation)
        journal.write_text("".join(f"{json.dumps(operation)}\n" for operation in operations))


@pytest.mark.parametrize("path", ["../../../secret.txt", "/etc/hostname"])
def test_a_spool_sends_nothing_but_its_own_files(spooled: Store, root: Path, path: str) -> None:
    (root / "secret.txt").write_text("secret")
    spool = Spool(spooled.directory / "spool")
    spool.append({"op": "artifact", "path": path})
    spool.rotate()
    [result] = replay(root / "mlruns", None, settings_in(root).address)
    assert result.error is not None
    assert f"names {path}, which is no file of the run: nothing is sent" in result.error


def test_a_link_in_a_spool_is_not_followed(spooled: Store, root: Path) -> None:
    (root / "secret.txt").write_text("secret")
    spool = Spool(spooled.directory / "spool")
    spool.stage("harmless.txt").symlink_to(root / "secret.txt")
    spool.append({"op": "artifact", "path": "harmless.txt"})
    spool.rotate()
    [result] = replay(root / "mlruns", None, settings_in(root).address)
    assert result.error is not None
    assert "names harmless.txt, which is no file of the run" in result.error


def test_ids_are_checked_before_they_become_paths_or_tags(spooled: Store, root: Path) -> None:
    rewritten(
        spooled, lambda op: op.update(parent_run_id="../../elsewhere") if op["op"] == "create" else None
    )
    [result] = replay(root / "mlruns", None, settings_in(root).address)
    assert result.error == "'../../elsewhere' is no id of a run: expected letters, digits, - and _"
    record = spooled.directory / "run.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"remote_id": "../../elsewhere"}))
    with pytest.raises(TrackingError, match=r"^'../../elsewhere' is no id of a run"):
        RunFolder(root / "mlruns", spooled.run_id).read()


def test_a_sweep_with_a_damaged_job_has_the_others(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    sweep = SweepFolder(root / "mlruns", "parent")
    sweep.create(["seed"])
    sweep.started("one", "1" * 32, ["seed=0"])
    sweep.started("two", "2" * 32, ["seed=1"])
    (root / "mlruns" / "runs" / "parent" / "jobs" / "job-one.json").write_text("")
    assert [job.run_key for job in sweep.jobs()] == ["two"]
    assert sweep.job("one") is None
    assert "job-one.json is no job of a sweep and is left out" in caplog.text


@pytest.mark.parametrize("name", ["a?b", "a%20b"])
def test_a_folder_that_no_address_can_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"^tracking.directory=.*: no database's address may hold (\?|%20)"):
        settings_in(tmp_path / name)


@pytest.mark.parametrize("name", ["a#b", "50% off", "a%(x)s", "é;&=+'\""])
def test_other_odd_folders_work(tmp_path: Path, empty_database: Path, name: str) -> None:
    settings = settings_in(tmp_path / name)
    store = Store.start(settings, run_name="odd", tags={})
    store.log_text("x", "x.txt")
    store.close("FINISHED")
    assert store.summary() is None
    assert find_run(settings.address, "odd").status == "FINISHED"
    assert (settings.root / "artifacts" / store.run_id / "artifacts" / "x.txt").read_text() == "x"


def test_a_database_that_cannot_be_read_is_one_line_at_once(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = root / "mlruns" / "mlflow.db"
    database.write_bytes(b"no database" * 1000)
    store = Store.start(settings_in(root), run_name="kept", tags={})
    store.close("FINISHED")
    [line] = [record.getMessage() for record in caplog.records]
    assert "mlflow.db is out of reach (file is not a database); the run goes on and is kept in" in line
    with pytest.raises(TrackingError, match=r"^cannot read from .*: file is not a database$"):
        find_run(settings_in(root).address, "kept")


def test_what_the_database_says_reaches_the_log_in_one_line(
    root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.start(settings_in(root), run_name="stopped", tags={})
    with sqlite3.connect(root / "mlruns" / "mlflow.db") as database:  # as if it were read-only
        database.execute(
            "CREATE TRIGGER locked BEFORE INSERT ON metrics BEGIN SELECT RAISE(FAIL, 'read-only'); END"
        )
    with caplog.at_level(logging.INFO):
        store.log_metrics({"a": 1.0}, step=1)
        store.close("FINISHED")
    [line] = [record.getMessage() for record in caplog.records]
    assert "is out of reach (read-only); the run goes on" in line
    assert "replay" in str(store.summary())
    assert f"--directory {root / 'mlruns'}" in str(store.summary())


def test_a_hangup_ends_a_run_unless_it_is_ignored() -> None:
    assert signal.SIGHUP in ending_signals()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
    try:
        assert ending_signals() == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_a_killed_process_began_to_stage_is_staged_anew(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.txt").write_text("new")
    begun = Spool(store.directory / "spool").stage("files")
    begun.mkdir()
    (begun / "half.txt").write_text("half")
    store.log_artifact(folder)
    store.flush()
    kept = tmp_path / "mlruns" / "artifacts" / store.run_id / "artifacts" / "files"
    assert os.listdir(kept) == ["a.txt"]
