"""`whytrain ui` says in one line why it cannot serve."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from whytrain.errors import TrackingError
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
