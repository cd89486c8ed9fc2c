"""What the tests run in processes of their own: a server, and runs that are killed."""

from __future__ import annotations

import itertools
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from whytrain.tracking.settings import TrackingSettings

STEPS_PER_EPOCH = 5


def settings_in(root: Path, uri: str | None = None, **changes: Any) -> TrackingSettings:
    """Settings of a store in a folder, or of a server."""
    values = {"uri": uri, "experiment": "tests", "log_text": True, "directory": str(root / "mlruns")}
    return TrackingSettings(**(values | changes))


def serve(port: int, folder: Path) -> None:
    """Be `mlflow server` with one worker on SQLite, without its job runners."""
    from mlflow.server import constants  # noqa: PLC0415

    os.environ[constants.BACKEND_STORE_URI_ENV_VAR] = f"sqlite:///{folder / 'server.db'}"
    os.environ[constants.ARTIFACTS_DESTINATION_ENV_VAR] = str(folder / "artifacts")
    os.environ[constants.SERVE_ARTIFACTS_ENV_VAR] = "true"
    os.environ[constants.ARTIFACT_ROOT_ENV_VAR] = "mlflow-artifacts:/"
    import uvicorn  # noqa: PLC0415
    from mlflow.server.fastapi_app import app  # noqa: PLC0415

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", access_log=False)


def start_on_fresh_store(root: Path, barrier: Any, name: str) -> None:
    """Start a run at the same time as others, on a store that does not exist yet."""
    from whytrain.tracking.store import Store  # noqa: PLC0415

    barrier.wait()
    store = Store.start(settings_in(root), run_name=name, tags={})
    store.log_metrics({"val/loss": 0.5}, step=1)
    store.close("FINISHED" if not store.offline else "FAILED")


def loss(step: int) -> float:
    """The metric that a step of `train` logs."""
    return 1.0 / step


def train(root: Path, n_epochs: int, dies_at: int | None) -> None:
    """Train like a loop that flushes before each checkpoint; be SIGKILLed at the n-th thing that it does."""
    from whytrain.tracking.store import Store  # noqa: PLC0415

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
        store.log_metrics({"val/loss": loss(epoch), "time/epoch_s": random.random()}, epoch)  # noqa: S311
        store.log_table(pd.DataFrame({"row": [epoch]}), "predictions", epoch=epoch)
        store.flush()
        draft = root / "checkpoint.draft"
        draft.write_text(str(epoch))
        draft.replace(checkpoint)
    store.close("FINISHED")


def _die_at(n: int | None) -> None:
    """Arrange for SIGKILL just before or just after the n-th call of what touches disk or database."""
    from mlflow import MlflowClient  # noqa: PLC0415

    from whytrain.tracking.spool import Segment, Spool  # noqa: PLC0415

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
