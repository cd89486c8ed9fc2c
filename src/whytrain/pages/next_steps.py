"""What to do with a finished run: commands to copy, and where MLflow shows it."""

from __future__ import annotations

from pathlib import Path

from whytrain.tracking.settings import is_server
from whytrain.tracking.ui import served_at, table_address


def place(uri: str) -> str:
    """What a command needs beside a run's id to find it at a tracking address: nothing at the default one."""
    default = f"sqlite:///{Path('mlruns/mlflow.db').absolute()}"
    return "" if uri == default else f" tracking.uri={uri}"


def commands(run_id: str, uri: str, *, follow: bool) -> dict[str, str]:
    """Return what to type next by what it does, as commands to copy.

    Args:
        run_id: of the run.
        uri: absolute tracking address.
        follow: whether its diagnosis recommends a change.
    """
    where = place(uri)
    steps = {
        "look at it": "" if is_server(uri) else f"whytrain ui{where}",
        "explain text": f'whytrain explain run={run_id} text="…"{where}',
        "follow its diagnosis": f"whytrain train from_diagnosis={run_id}{where}" if follow else "",
        "compare it": f"whytrain compare runs=[OTHER,{run_id}]{where}",
    }
    return {what: command for what, command in steps.items() if command}


def runs_address(uri: str, experiment_id: str | None) -> str:
    """Return the address of the run table in MLflow's UI, with its columns; as much of it as is known."""
    table = "" if experiment_id is None else f"/{table_address(experiment_id)}"
    return f"{served_at(uri)}{table}"
