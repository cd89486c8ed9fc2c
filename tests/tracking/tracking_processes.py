"""What the tests run in processes of their own: a server, and runs that are killed."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import resource
import shutil
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pandas as pd

from whytrain.errors import TrackingError
from whytrain.tracking.settings import TrackingSettings

STEPS_PER_EPOCH = 5


def settings_in(root: Path, uri: str | None = None, **changes: Any) -> TrackingSettings:
    """Settings of a store in a folder, or of a server."""
    values = {"uri": uri, "experiment": "tests", "log_text": True, "directory": str(root / "mlruns")}
    values["register"] = None
    return TrackingSettings(**(values | changes))


def serve(port: int, folder: Path) -> None:
    """Be `mlflow server` with one worker on SQLite, without its job runners."""
    from mlflow.server import constants

    os.environ[constants.BACKEND_STORE_URI_ENV_VAR] = f"sqlite:///{folder / 'server.db'}"
    os.environ[constants.ARTIFACTS_DESTINATION_ENV_VAR] = str(folder / "artifacts")
    os.environ[constants.SERVE_ARTIFACTS_ENV_VAR] = "true"
    os.environ[constants.ARTIFACT_ROOT_ENV_VAR] = "mlflow-artifacts:/"
    import uvicorn
    from mlflow.server.fastapi_app import app

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", access_log=False)


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
                urllib.request.urlopen(f"{self.uri}/health", timeout=5)
                return
            assert self._process.is_alive(), "the server did not start"
            time.sleep(0.1)
        raise TimeoutError(self.uri)

    @property
    def is_running(self) -> bool:
        """Whether it was started and not killed."""
        return self._process is not None

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def start_on_fresh_store(root: Path, barrier: Any, name: str) -> None:
    """Start a run at the same time as others, on a store that does not exist yet."""
    from whytrain.tracking.store import Store

    barrier.wait()
    store = Store.start(settings_in(root), run_name=name, tags={})
    store.log_metrics({"val/loss": 0.5}, step=1)
    store.close("FINISHED" if not store.offline else "FAILED")


def log_on_a_small_disk(root: Path, uri: str) -> None:
    """Log more than this process may write to one file, and write down what is said about it."""
    from whytrain.tracking.store import Store

    store = Store.start(settings_in(root, uri), run_name="run", tags={})
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    try:
        store.log_table(pd.DataFrame({"a": range(100_000)}), "predictions", epoch=1)
        said = "nothing"
    except TrackingError as error:
        said = str(error)
    store.log_metrics({"a": 1.0}, step=1)
    store.close("FAILED")
    (root / "said").write_text(f"{said}\n{store.summary()}\n")


def loss(step: int) -> float:
    """The metric that a step of `train` logs."""
    return 1.0 / step


def train(root: Path, n_epochs: int, dies_at: int | None) -> None:
    """Train like a loop that flushes before each checkpoint; be SIGKILLed at the n-th thing that it does."""
    from whytrain.tracking.store import Store

    checkpoint, run_file = root / "checkpoint", root / "run_id"
    run_id = run_file.read_text() if run_file.exists() else None
    if run_id is not None:
        _die_at(dies_at)
    store = Store.start(settings_in(root), run_name="killed", tags={}, run_id=run_id)
    if run_id is None:
        run_file.write_text(store.run_id)
        _die_at(dies_at)
    done = int(checkpoint.read_text()) if checkpoint.exists() else 0
    for epoch in range(done + 1, n_epochs + 1):
        for step in range((epoch - 1) * STEPS_PER_EPOCH + 1, epoch * STEPS_PER_EPOCH + 1):
            store.log_metrics({"train/loss": loss(step)}, step)
        # The second one differs whenever the epoch is run again.
        store.log_metrics({"val/loss": loss(epoch), "time/epoch_s": random.random()}, epoch)
        store.log_table(pd.DataFrame({"row": [epoch]}), "predictions", epoch=epoch)
        store.flush()
        draft = root / "checkpoint.draft"
        draft.write_text(str(epoch))
        draft.replace(checkpoint)
    store.close("FINISHED")


def _die_at(n: int | None) -> None:
    """Arrange for SIGKILL just before or just after the n-th call of what touches disk or database."""
    from mlflow import MlflowClient

    from whytrain.tracking.spool import Segment, Spool

    events = itertools.count(1)

    def fatal(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            if next(events) == n:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args, **kwargs)
            if next(events) == n:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return called

    for owner, name in [
        (Spool, "append"),
        (Spool, "rotate"),
        (Segment, "remove"),
        (MlflowClient, "log_batch"),
        (MlflowClient, "log_artifact"),
        (MlflowClient, "set_terminated"),
        (Path, "replace"),
    ]:
        setattr(owner, name, fatal(getattr(owner, name)))
