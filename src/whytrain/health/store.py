"""The tracking store: reachable, of this MLflow's version, writable; what waits to be sent."""

from __future__ import annotations

import os
from pathlib import Path

from whytrain.counted import counted
from whytrain.errors import TrackingError
from whytrain.health.check import Check
from whytrain.tracking.maintenance import spooled_runs
from whytrain.tracking.reader import experiment_runs
from whytrain.tracking.run_folder import Tell
from whytrain.tracking.settings import TrackingSettings, sqlite_path
from whytrain.typed_commands import typed


def store_checks(settings: TrackingSettings) -> list[Check]:
    """Look at the store of these settings; nothing is made or migrated."""
    damaged: list[TrackingError] = []
    checks = [_store(settings), _writable(settings), _waiting(settings, damaged.append)]
    return [*checks, *(Check(subject="run", status="problem", found=str(error)) for error in damaged)]


def _store(settings: TrackingSettings) -> Check:
    database = sqlite_path(settings.address)
    if database is not None and not database.exists():
        found = f"{database} is not there yet; the first run makes it"
        return Check(subject="store", status="missing", found=found, advice=typed("train"))
    try:
        n_runs = len(experiment_runs(settings.address, settings.experiment))
    except TrackingError as error:
        if str(error).startswith("there is no experiment"):
            return Check(
                subject="store", status="missing", found=str(error), advice="tracking.experiment=NAME"
            )
        advice = "start the server, or give the right tracking.uri" if database is None else ""
        return Check(subject="store", status="problem", found=str(error), advice=advice)
    found = f"{counted(n_runs, 'run')} of experiment {settings.experiment} in {settings.address}"
    return Check(subject="store", status="ok", found=found)


def _writable(settings: TrackingSettings) -> Check:
    database = sqlite_path(settings.address)
    locked = [str(path) for path in (settings.root, database) if path is not None and not _can_write(path)]
    if locked:
        found = f"cannot write {' and '.join(locked)}"
        return Check(subject="run folder", status="problem", found=found, advice="tracking.directory=FOLDER")
    return Check(subject="run folder", status="ok", found=f"{settings.root} can be written")


def _can_write(path: Path) -> bool:
    while not path.exists():
        path = path.parent
    return os.access(path, os.W_OK)


def _waiting(settings: TrackingSettings, tell: Tell) -> Check:
    waiting = spooled_runs(settings.root, tell)
    if not waiting:
        return Check(subject="spool", status="ok", found="no run waits to be sent")
    names = ", ".join(run.info.run_name for run in waiting[:3])
    advice = f"python -m whytrain.tracking --directory {settings.directory} replay"
    return Check(
        subject="spool",
        status="problem",
        found=f"{counted(len(waiting), 'run')} waiting to be sent: {names}",
        advice=advice,
    )
