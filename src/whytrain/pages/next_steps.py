"""What to do with a finished run: commands to copy, and where MLflow shows it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from whytrain.config.override_words import quoted
from whytrain.pages.run.reported import ReportedRun
from whytrain.tracking.quick_look import short_id
from whytrain.tracking.settings import TrackingSettings, is_server, place
from whytrain.tracking.ui import served_at, table_address

PATH = "reports/run.html"  # of its page, among its artifacts
_ALL_RUNS = "all runs, in MLflow"


def commands(run: ReportedRun, start: Callable[[str], str] = "whytrain {}".format) -> dict[str, str]:
    """Return what to type next by what it does, as commands to copy; last, where MLflow shows all runs.

    Args:
        run: without recommendations there are none to follow, without a parent nothing to compare it with.
        start: returns the words that start a command; by default those of an installation.
    """
    where, run_id = place(run.uri), short_id(run.run_id)
    steps = {"explain text": f'{start("explain")} run={run_id} text="…"{where}'}
    steps["explore in a browser"] = f"{start('explore')} run={run_id}{where}"
    steps["score explanations"] = f"{start('score')} run={run_id}{where}"
    steps["look inside"] = f"{start('inspect')} run={run_id}{where}"
    if run.recommends:
        steps["follow its diagnosis"] = f"{start('train')} from_diagnosis={run_id}{where}"
    if run.parent is not None:
        steps["compare it"] = f"{start('compare')} {_listed(short_id(run.parent), run_id)}{where}"
    address = _runs_address(run.uri, run.experiment_id)
    if is_server(run.uri):
        return steps | {_ALL_RUNS: address}
    return steps | {_ALL_RUNS: f"{start('ui')}{where}", "then open": address}


def _listed(*runs: str) -> str:
    """Return the word that names runs, quoted for list and shell where a name holds a space or a comma."""
    if all(re.fullmatch(r"[\w.:/-]+", run) for run in runs):
        return f"runs=[{','.join(runs)}]"
    return shlex.quote(f"runs=[{','.join(map(quoted, runs))}]")


def local_page(settings: TrackingSettings, run_id: str) -> Path | None:
    """Return where this machine keeps a run's page, as people would type it; None where a server does."""
    path = settings.root / "artifacts" / run_id / "artifacts" / PATH
    if not path.is_file():
        return None
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _runs_address(uri: str, experiment_id: str | None) -> str:
    """Return the address of the run table in MLflow's UI, with its columns; as much of it as is known."""
    table = "" if experiment_id is None else f"/{table_address(experiment_id)}"
    return f"{served_at(uri)}{table}"
