"""The way to MLflow: its environment, a client, the experiment. MLflow is imported here first, and late."""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import warnings
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

from filelock import FileLock

from whytrain.errors import TrackingError
from whytrain.tracking.moved_store import rebase
from whytrain.tracking.settings import is_server, sqlite_path
from whytrain.tracking.ui import VIEW_TAG, view

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # The spool tries again by itself; MLflow's own retries would only make the training wait.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # s, between two packets and not for a whole upload
}
_PROBE_S = 3.0
# Without this tag the UI opens the experiment in its view for generative AI.
_EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development", VIEW_TAG: view()}


def connect(uri: str) -> MlflowClient:
    """Return a client of the tracking address; a SQLite store is created on first use.

    Raises:
        TrackingError: If the database was written by another version of MLflow.
        Exception: Of any kind, if the address is out of reach; after 3 s where nothing answers.
    """
    _probe(uri)
    prepare_environment()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    for name in ("mlflow.store.db.utils", "alembic"):  # they tell every user about every table
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with store_lock(uri), warnings.catch_warnings():
            # What MLflow uses of SQLAlchemy is deprecated; nothing here can change that.
            warnings.filterwarnings("ignore", message=".*loader strategy is deprecated")
            _create_whole(uri)
            if (database := sqlite_path(uri)) is not None:
                rebase(database)
            return MlflowClient(tracking_uri=uri)
    except MlflowException as error:
        if "out-of-date database schema" in str(error):
            raise TrackingError(
                f"{uri} was written by an older MLflow: back it up and run `mlflow db upgrade {uri}`"
            ) from error
        raise


def prepare_environment() -> None:
    """Set what MLflow reads when it is imported or used, where the user has not."""
    for key, value in _ENVIRONMENT.items():
        os.environ.setdefault(key, value)


def store_lock(uri: str) -> AbstractContextManager[object]:
    """Let one process at a time create a SQLite store or an experiment in it.

    Processes that create one store at the same time leave it half migrated, which nothing mends.
    """
    path = sqlite_path(uri)
    if path is None:
        return nullcontext()
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f"{path.name}.lock"), timeout=60)


def _create_whole(uri: str) -> None:
    """Create a SQLite store where there is none, beside its place first: a process may die on the way.

    MLflow does not go on with the tables that another process has begun. Call it under `store_lock`.
    """
    path = sqlite_path(uri)
    if path is None or path.exists():
        return
    from mlflow import MlflowClient

    begun = path.with_name(f"{path.name}.begun")
    begun.unlink(missing_ok=True)
    MlflowClient(tracking_uri=f"sqlite:///{begun}")
    begun.replace(path)


def _probe(uri: str) -> None:
    """Raise within seconds, and before MLflow is imported, where nothing can be reached."""
    if (database := sqlite_path(uri)) is not None and database.exists():
        _read(database)  # MLflow would try for 100 s
    if not is_server(uri):
        return
    parts = urlsplit(uri)
    host = parts.hostname or ""
    if parts.scheme in getproxies() and not proxy_bypass(host):
        return  # only the proxy can tell
    port = parts.port or (443 if parts.scheme == "https" else 80)
    socket.create_connection((host, port), timeout=_PROBE_S).close()


def _read(database: Path) -> None:
    with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as opened:
        opened.execute("PRAGMA schema_version").fetchone()


def experiment_id(client: MlflowClient, name: str, artifact_location: str | None) -> str:
    """Return the id of an experiment, created where there is none of that name.

    Raises:
        TrackingError: If the experiment was deleted (its name stays taken).
    """
    from mlflow.exceptions import MlflowException

    with store_lock(client.tracking_uri):
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            try:
                return str(client.create_experiment(name, artifact_location, _EXPERIMENT_TAGS))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                experiment = client.get_experiment_by_name(name)  # somebody else was faster
                assert experiment is not None
    if experiment.lifecycle_stage != "active":
        raise TrackingError(
            f"experiment {name!r} was deleted: restore it with `MLFLOW_TRACKING_URI={client.tracking_uri} "
            f"mlflow experiments restore --experiment-id {experiment.experiment_id}` "
            "or choose another tracking.experiment"
        )
    for key, value in _EXPERIMENT_TAGS.items():
        if key not in experiment.tags:
            client.set_experiment_tag(experiment.experiment_id, key, value)
    return str(experiment.experiment_id)
