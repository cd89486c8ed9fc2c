"""Stores that cost nothing to make, processes that start at once, and a real tracking server."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the processes, whatever pytest's import mode

from tracking_processes import serve, settings_in

from whytrain.tracking.connection import connect, prepare_environment
from whytrain.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

prepare_environment()
os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Processes that fork from one in which MLflow is imported: real ones, started in milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tracking_processes", "mlflow.server.fastapi_app", "whytrain.tracking.store"]
    )
    return context


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite store; migrating takes a second, copying does not."""
    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    connect(f"sqlite:///{path}")
    return path


@pytest.fixture
def root(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an empty store."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlruns").mkdir()
    shutil.copy(empty_database, tmp_path / "mlruns" / "mlflow.db")
    return tmp_path


@pytest.fixture
def store(root: Path) -> Iterator[Store]:
    """A run on SQLite."""
    started = Store.start(settings_in(root), run_name="run", tags={"seed": "0"})
    yield started
    started.close("FAILED")


@pytest.fixture
def client(root: Path) -> MlflowClient:
    """MLflow's own view of the store."""
    return connect(settings_in(root).address)


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A tracking server that can be killed and started again at the same address."""

    def __init__(self, processes: ForkServerContext, folder: Path, database: Path) -> None:
        shutil.copy(database, folder / "server.db")
        self.uri = f"http://127.0.0.1:{free_port()}"
        self._processes = processes
        self._folder = folder
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        port = int(self.uri.rpartition(":")[2])
        self._process = self._processes.Process(target=serve, args=(port, self._folder), daemon=True)
        self._process.start()
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.uri}/health", timeout=5)  # noqa: S310  (our own server)
                return
            assert self._process.is_alive(), "the server did not start"
            time.sleep(0.1)
        raise TimeoutError(self.uri)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


@pytest.fixture(scope="session")
def server(
    processes: ForkServerContext, tmp_path_factory: pytest.TempPathFactory, empty_database: Path
) -> Iterator[Server]:
    """A running server for all tests; a test that kills it starts it again."""
    running = Server(processes, tmp_path_factory.mktemp("server"), empty_database)
    running.start()
    yield running
    running.kill()


@pytest.fixture
def live_server(server: Server) -> Iterator[Server]:
    """The server, running again afterwards."""
    yield server
    if server._process is None:
        server.start()


@pytest.fixture
def history(client: MlflowClient) -> Callable[[str, str], dict[int, list[float]]]:
    """All values of a metric by step, as MLflow holds them."""

    def read(run_id: str, key: str) -> dict[int, list[float]]:
        values: dict[int, list[float]] = {}
        for metric in client.get_metric_history(run_id, key):
            values.setdefault(metric.step, []).append(metric.value)
        return values

    return read
