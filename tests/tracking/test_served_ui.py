"""`whytrain ui` serves until it is ended, and says in one line why it cannot."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tracking_processes import free_port

from whytrain.errors import TrackingError
from whytrain.tracking.connection import connect
from whytrain.tracking.ui import serve, served_at


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "runs.db").touch()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(TrackingError, match=f"port {port} is taken: give another one, such as port="):
            serve(f"sqlite:///{tmp_path / 'runs.db'}", port, "")


def test_no_runs_and_a_server_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="there are no tracked runs at sqlite"):
        serve(f"sqlite:///{tmp_path / 'none.db'}", 5000, "")
    with pytest.raises(TrackingError, match="is a server already: open it in a browser"):
        serve("http://127.0.0.1:5000", 5000, "")


def test_where_runs_are_seen() -> None:
    assert served_at("http://host:5000/") == "http://host:5000"
    assert served_at("sqlite:////x/runs.db") == "http://127.0.0.1:5000"


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGINT, "stopped by Ctrl-C"), (signal.SIGTERM, "stopped by SIGTERM")]
)
def test_what_ends_the_command_ends_the_server(tmp_path: Path, number: signal.Signals, said: str) -> None:
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    connect(uri).create_experiment("whytrain")
    port = free_port()
    words = [sys.executable, "-m", "whytrain", "ui", f"port={port}", f"tracking.uri={uri}"]
    told = tmp_path / "told.txt"
    with (
        told.open("w") as stderr,
        _heeding_ctrl_c(),
        subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=stderr) as command,
    ):
        assert _answers(port, until=True)
        command.send_signal(number)
        try:
            command.wait(timeout=60)
        finally:
            command.kill()
    assert command.returncode == 128 + number  # as of every command of ours
    assert told.read_text().splitlines()[-1] == said
    assert "Aborted" not in told.read_text()
    assert not _answers(port, until=False)


@contextmanager
def _heeding_ctrl_c() -> Iterator[None]:
    """Start processes that SIGINT ends, also where these tests run behind a shell's & and ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _answers(port: int, *, until: bool) -> bool:
    """Tell whether a server answers, as soon as it is as expected, at the latest after a minute."""
    deadline = time.monotonic() + 60
    answers = not until
    while answers != until and time.monotonic() < deadline:
        time.sleep(0.2)
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
            answers = True
        except (urllib.error.URLError, OSError):
            answers = False
    return answers
