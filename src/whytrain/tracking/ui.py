"""MLflow's UI: the table of runs as whytrain opens it, addresses in it, and the server that shows it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

from whytrain.errors import TrackingError
from whytrain.tracking.settings import is_server, sqlite_path

HOST, PORT = "127.0.0.1", 5000
# The columns that say how a run went; those of a metric that no run has stay away.
COLUMNS = ("best/accuracy", "floor/accuracy", "test/accuracy", "best/ece", "diagnosis/findings")
FIRST_SECTIONS = ("val", "train")  # of charts: curves, before what has one value per run
_KEY = "whytrain"
# What a description writes in place of addresses that only MLflow knows.
RUN_ADDRESS, TABLE_ADDRESS = "RUN_ADDRESS", "TABLE_ADDRESS"
# MLflow keeps a view that is shared as a tag of the experiment, by the key that its address carries.
VIEW_TAG = f"mlflow.sharedViewState.{_KEY}"


def view() -> str:
    """Return the view as MLflow's UI (3.x) reads it: the columns of the table, the order of the charts."""
    sections = [
        {
            "uuid": f"{_KEY}-{name}",
            "name": name,
            "display": True,
            "isReordered": False,
            "deleted": False,
            "isGenerated": True,
        }
        for name in FIRST_SECTIONS
    ]
    return json.dumps(
        {
            "selectedColumns": [f"metrics.`{name}`" for name in COLUMNS],
            "compareRunCharts": [],  # MLflow adds a chart per metric, and the sections that it needs
            "compareRunSections": sections,
            "isAccordionReordered": True,  # the order is ours: MLflow's is alphabetical, `best` before `val`
        }
    )


def table_address(experiment_id: str) -> str:
    """Return where the UI shows the experiment's runs in this view, behind the server's address and a slash.

    >>> table_address("1")
    '#/experiments/1/runs?viewStateShareKey=whytrain'
    """
    return f"#/experiments/{experiment_id}/runs?viewStateShareKey={_KEY}"


def run_address(experiment_id: str, run_id: str) -> str:
    """Return where the UI shows a run; `/artifacts/…` behind it leads to one of its files."""
    return f"#/experiments/{experiment_id}/runs/{run_id}"


def served_at(uri: str) -> str:
    """Return the server's address: that of the runs, or where `serve` shows a database by default."""
    return uri.rstrip("/") if is_server(uri) else f"http://{HOST}:{PORT}"


def serve(uri: str, port: int, path: str) -> None:
    """Say where, and run the server of MLflow's UI on 127.0.0.1 until somebody ends it.

    Args:
        uri: of a database.
        port: to listen on.
        path: what to open first, such as `table_address` gives.

    Raises:
        TrackingError: the address is a server's, there are no runs yet, or the port is taken; or the
            server ended by itself.
    """
    from whytrain.tracking.connection import prepare_environment

    if is_server(uri):
        raise TrackingError(f"{uri} is a server already: open it in a browser")
    database = sqlite_path(uri)
    if database is not None and not database.exists():
        raise TrackingError(f"there are no tracked runs at {uri}: train one, or give the right tracking.uri")
    _refuse_taken(port)
    prepare_environment()
    print(f"the runs of {uri} will be at\nhttp://{HOST}:{port}/{path}\nstop with Ctrl-C", flush=True)
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port)]
    command += ["--backend-store-uri", uri, "--serve-artifacts", "--workers", "1"]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    # In a session of its own: Ctrl-C reaches this process alone, which ends the server and says so.
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        code = server.wait()
    finally:
        server.terminate()
        server.wait()
    if code:
        raise TrackingError(f"the server of MLflow's UI ended with exit code {code}; it says above why")


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise TrackingError(f"port {port} is taken: give another one, such as port={port + 1}") from error
