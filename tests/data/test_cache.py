"""The cache folder: where it is, and what other processes can see of it."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from whytrain.data.cache import CacheError, cache_directory, exclusive, remembered, staged
from whytrain.errors import DataError

PROGRAM = """
import sys, time
from pathlib import Path
from whytrain.data.cache import remembered
def make():
    with open(sys.argv[2], "a") as log:
        log.write("made\\n")
    time.sleep(0.2)
    return "value"
def read(path):
    return path.read_text() if path.exists() else None
print(remembered(Path(sys.argv[1]), read, make, lambda path, value: path.write_text(value)))
"""


def test_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHYTRAIN_CACHE", "~/somewhere")
    assert cache_directory() == Path.home() / "somewhere"
    monkeypatch.delenv("WHYTRAIN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_directory() == Path("/xdg/whytrain")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == Path.home() / ".cache/whytrain"


def test_two_processes_at_once_make_it_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "made"), str(tmp_path / "log")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0].strip() for process in processes] == ["value"] * 3
    assert (tmp_path / "log").read_text() == "made\n"


def test_failure_leaves_the_old_one_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(folder: Path) -> None:
        (folder / "file").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), staged(path) as staging:
        fail(staging)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_old_one_is_replaced_as_a_whole(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "made"
    for content in ("old", "new"):
        with exclusive(path), staged(path) as staging:
            if kind == "folder":
                (staging / "made").mkdir()
            target = staging / "made" / content if kind == "folder" else staging / "made"
            target.write_text(content)
    if kind == "folder":
        assert [entry.name for entry in path.iterdir()] == ["new"]
    else:
        assert path.read_text() == "new"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["made", "made.lock"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_is_one_line(tmp_path: Path, code: int) -> None:
    with (
        pytest.raises(CacheError, match=r"the disk is full; make room, or set WHYTRAIN_CACHE"),
        staged(tmp_path / "x"),
    ):
        raise OSError(code, "No space left on device")


def test_error_of_the_maker_is_not_taken_for_one_of_the_cache(tmp_path: Path) -> None:
    def make() -> str:
        raise DataError("out of reach")

    with pytest.raises(DataError, match="out of reach"):
        remembered(tmp_path / "x", lambda _: None, make, lambda _path, _value: None)
