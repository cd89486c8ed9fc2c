"""Stores that cost nothing to make, processes that start at once, and a real tracking server."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the processes, whatever pytest's import mode

from tracking_processes import Server, settings_in

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
    if not server.is_running:
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
