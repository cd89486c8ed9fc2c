"""The team's server over real connections: PostgreSQL, passwords, several jobs that write at once."""

from __future__ import annotations

import importlib
import os
import shutil
import stat
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from whytrain.errors import TrackingError
from whytrain.tracking.reader import find_run
from whytrain.tracking.server.__main__ import client_environment, free_port, main, running_server
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store

HAS_POSTGRES = shutil.which("initdb") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
needs_postgres = pytest.mark.skipif(not HAS_POSTGRES, reason="PostgreSQL is not installed")
pytestmark = pytest.mark.timeout(900)  # two servers start on a machine that may be busy
SECRETS = ("secrets.json", "pgpass", "client.env")


class Server:
    """A running server and where it is."""

    def __init__(self, uri: str, directory: Path, postgres_port: int) -> None:
        self.uri, self.directory, self.postgres_port = uri, directory, postgres_port


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can enter, which pytest's are not."""
    folder = Path(tempfile.mkdtemp(prefix="whytrain-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(open_folder: Path) -> Iterator[Server]:
    port = free_port()
    with running_server(open_folder / "server", 0, port, workers=1) as uri:
        yield Server(uri, open_folder / "server", port)


@pytest.fixture
def logged_in(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in client_environment(server.directory).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark, under a name by which the processes that it starts find it, too."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("server")


@needs_postgres
@pytest.mark.usefixtures("logged_in")
def test_jobs_that_write_at_once_lose_no_metric(
    server: Server, tmp_path: Path, benchmark: ModuleType
) -> None:
    database = benchmark.database_of(server.directory, server.postgres_port)
    arrived = benchmark.measure(server.uri, tmp_path / "mlruns", database, n_jobs=4, n_epochs=2)
    assert arrived.sent == 4 * 2 * (60 + 21)
    assert arrived.stored == arrived.sent
    assert arrived.finished == 4
    assert not list((tmp_path / "mlruns").glob("runs/*/spool/*.jsonl"))


@needs_postgres
def test_nobody_reads_without_a_password(server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.uri}/api/2.0/mlflow/experiments/get?experiment_id=0")
    with refused.value as answer:
        assert answer.code == 401


@needs_postgres
def test_a_run_without_a_password_is_kept_and_sent_later(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from whytrain.tracking.maintenance import replay

    for name in client_environment(server.directory):
        monkeypatch.delenv(name, raising=False)
    settings = TrackingSettings(
        uri=server.uri, experiment="later", log_text=True, directory=str(tmp_path), register=None
    )
    store = Store.start(settings, run_name="shut out", tags={})
    store.log_metrics({"val/accuracy": 0.75}, 1)
    store.close("FINISHED")
    assert "out of reach" in caplog.text
    assert "replay" in (store.summary() or "")
    for name, value in client_environment(server.directory).items():
        monkeypatch.setenv(name, value)
    [sent] = replay(tmp_path, None, None)
    assert sent.error is None
    assert find_run(server.uri, "shut out").metrics == {"val/accuracy": 0.75}


@needs_postgres
def test_secrets_are_for_their_owner_alone(server: Server) -> None:
    secrets = client_environment(server.directory)["MLFLOW_TRACKING_PASSWORD"]
    assert len(secrets) >= 32
    for name in SECRETS:
        assert stat.S_IMODE((server.directory / name).stat().st_mode) == 0o600, name
    shown = (server.directory / "mlflow.log").read_text() + (server.directory / "auth.ini").read_text()
    commands = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    for text in (server.directory / "secrets.json").read_text().split('"')[3::4]:
        assert len(text) >= 32
        assert text not in shown
        assert text not in commands


@needs_postgres
def test_a_folder_has_one_server(server: Server) -> None:
    with (
        pytest.raises(TrackingError, match="is in use by another server"),
        running_server(server.directory, 0, 0, workers=1),
    ):
        pass


@needs_postgres
def test_a_port_that_is_taken_is_told(
    server: Server, open_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = server.uri.rpartition(":")[2]
    assert main(["--directory", str(open_folder / "other"), "--port", port]) == 1
    assert capsys.readouterr().err == (
        f"error: port {port} is taken: give another one with --port (PORT=… make server)\n"
    )


@needs_postgres
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run PostgreSQL")
def test_a_folder_that_postgres_cannot_enter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert main(["--directory", str(closed / "server"), "--port", str(free_port())]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "postgres cannot enter" in line
    assert "give --directory a folder whose parents are open to it" in line


def test_no_postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(TrackingError, match="apt-get install postgresql"),
        running_server(tmp_path / "server", 0, 0, workers=1),
    ):
        pass
