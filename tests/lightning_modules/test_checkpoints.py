"""Checkpoints that are written whole or not at all, and which of them a run can go on from."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from whytrain.checkpoints import (
    best_checkpoint,
    last_checkpoint,
    previous_checkpoint,
    usable_checkpoint,
)
from whytrain.errors import ConfigError, MissingRunError, TrackingError, TrainingError
from whytrain.lightning_modules.checkpoint_io import AtomicCheckpointIO
from whytrain.lightning_modules.resume import (
    finished_score,
    mark_finished,
    read_command_line,
    stopped_run,
    write_command_line,
    write_config,
)
from whytrain.tracking.run_folder import RunFolder, RunInfo

TRUSTED = frozenset({"whytrain.models.bilstm.BiLSTM"})
CONFIG = {"seed": 3, "model": {"_target_": "whytrain.models.bilstm.BiLSTM", "sizes": [1, {"a": 2}]}}


def save(number: int, path: Path) -> None:
    AtomicCheckpointIO().save_checkpoint({"number": torch.tensor(number)}, path)


def number(path: Path | None) -> int:
    assert path is not None
    return int(torch.load(path, weights_only=True)["number"])


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def test_the_one_before_is_kept(tmp_path):
    last = last_checkpoint(tmp_path)
    for written in (1, 2, 3):
        save(written, last)
    assert (number(last), number(previous_checkpoint(last))) == (3, 2)
    assert files(tmp_path) == ["last-previous.ckpt", "last.ckpt"]
    assert number(usable_checkpoint(tmp_path)) == 3


def test_none_was_written_yet(tmp_path):
    assert usable_checkpoint(tmp_path) is None


@pytest.mark.parametrize("size", [0, 10, 0.5, -1])
def test_a_truncated_one_gives_way_to_the_one_before(tmp_path, size):
    last = last_checkpoint(tmp_path)
    save(1, last)
    save(2, last)
    content = last.read_bytes()
    last.write_bytes(content[: int(len(content) * size) if isinstance(size, float) else size])
    assert number(usable_checkpoint(tmp_path)) == 1
    previous_checkpoint(last).write_bytes(b"PK")
    with pytest.raises(
        TrackingError, match=r"last.ckpt and last-previous.ckpt cannot be read; start a new run"
    ):
        usable_checkpoint(tmp_path)


def test_death_between_the_two_renames(tmp_path, monkeypatch):
    last = last_checkpoint(tmp_path)
    save(1, last)
    moved = []
    replace = Path.replace

    def dies_at_the_second(self: Path, target: Path) -> Path:
        moved.append(self.name)
        if len(moved) == 2:
            raise SystemExit
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dies_at_the_second)
    with pytest.raises(SystemExit):
        save(2, last)
    monkeypatch.undo()
    assert not last.exists()
    assert number(usable_checkpoint(tmp_path)) == 1
    save(3, last)
    assert number(usable_checkpoint(tmp_path)) == 3


def full_disk(*args: Any, **kwargs: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def broken_zip(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("[enforce fail at inline_container.cc:664]\nunexpected pos 64 vs 0")


@pytest.mark.parametrize(
    ("owner", "name", "failing"),
    [(os, "fsync", full_disk), (Path, "open", full_disk), (torch, "save", broken_zip)],
)
def test_a_full_disk_is_one_line_and_leaves_the_earlier_one(tmp_path, monkeypatch, owner, name, failing):
    last = last_checkpoint(tmp_path)
    save(1, last)
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, failing)
        with pytest.raises(TrainingError) as caught:
            save(2, last)
    assert "\n" not in str(caught.value)
    assert str(last) in str(caught.value)
    assert "make room on the disk and go on with resume=RUN_ID" in str(caught.value)
    assert files(tmp_path) == ["last.ckpt"]
    assert number(usable_checkpoint(tmp_path)) == 1


def stopped(root: Path, run_id: str, start_time: int = 0, run_name: str | None = None) -> Path:
    """Make the folder of a run that was stopped before its first checkpoint."""
    info = RunInfo(
        run_id=run_id,
        remote_id=None,
        run_name=run_name or f"named {run_id}",
        uri="sqlite:///x",
        experiment="e",
        artifact_location=None,
        start_time=start_time,
    )
    folder = RunFolder(root, run_id)
    folder.write(info)
    write_config(folder.path, CONFIG)
    return folder.path


def test_config_and_checkpoint_of_a_stopped_run(tmp_path):
    folder = stopped(tmp_path, "x")
    assert stopped_run(tmp_path, "x", ["resume=x"], TRUSTED) == (folder, CONFIG, None)
    save(1, last_checkpoint(folder))
    overrides = ["resume=x", "tracking=server", "tracking.uri=http://a", "tracking.directory=b"]
    assert stopped_run(tmp_path, "x", overrides, TRUSTED) == (folder, CONFIG, last_checkpoint(folder))
    assert stopped_run(tmp_path, "named x", ["resume=named x"], TRUSTED)[0] == folder


def test_what_a_run_was_called_with_is_kept(tmp_path):
    assert read_command_line(tmp_path) == (None, {})
    write_command_line(tmp_path / "x", ["seed=1", "run_name=é"], {"model": "bilstm"})
    assert read_command_line(tmp_path / "x") == (["seed=1", "run_name=é"], {"model": "bilstm"})


def test_other_overrides_are_refused_by_name(tmp_path):
    stopped(tmp_path, "x")
    with pytest.raises(ConfigError, match=r"leave out seed=3, \+model.x=1, or start a new run"):
        stopped_run(tmp_path, "x", ["resume=x", "seed=3", "+model.x=1"], TRUSTED)


def test_a_finished_run_keeps_its_best_and_is_not_resumed(tmp_path):
    write_config(tmp_path, CONFIG)
    for path in (last_checkpoint(tmp_path), best_checkpoint(tmp_path)):
        save(1, path)
        save(2, path)
    assert finished_score(tmp_path) is None
    mark_finished(tmp_path, 0.75)
    assert finished_score(tmp_path) == 0.75
    assert files(tmp_path) == ["best.ckpt"]
    mark_finished(stopped(tmp_path, "x"), 0.75)
    with pytest.raises(ConfigError, match=r"this run is finished; trainer.max_epochs=N beside it"):
        stopped_run(tmp_path, "x", ["resume=x"], TRUSTED)


def test_a_run_that_is_not_here(tmp_path):
    with pytest.raises(MissingRunError, match=r"no run of this id or name under .*; none can go on"):
        stopped_run(tmp_path, "latest", ["resume=latest"], TRUSTED)
    for name, start_time in (("first", 1), ("second", 2), ("ended", 3)):
        stopped(tmp_path, name, start_time)
    mark_finished(tmp_path / "runs" / "ended", None)
    newest = r"go on, the newest first: named second \(second\), named first \(first\)$"
    with pytest.raises(MissingRunError, match=newest):
        stopped_run(tmp_path, "latest", ["resume=latest"], TRUSTED)
    stopped(tmp_path, "third", 4, run_name="named first")
    with pytest.raises(MissingRunError, match=r"2 runs have this name; give the id of one: first, third"):
        stopped_run(tmp_path, "named first", ["resume=named first"], TRUSTED)


@pytest.mark.parametrize("place", [{"_target_": "os.system"}, {"a": [{"_target_": "os.system"}]}])
def test_a_config_is_data_and_no_program(tmp_path, place):
    write_config(stopped(tmp_path, "x"), CONFIG | {"callbacks": place})
    with pytest.raises(
        ConfigError, match=r"names os.system, which no file under conf/ does: it is of another version"
    ):
        stopped_run(tmp_path, "x", ["resume=x"], TRUSTED)
