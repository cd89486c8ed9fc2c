"""What this machine's tracking folder holds: spooled runs, and how much room the runs take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from whytrain.errors import TrackingError
from whytrain.tracking.backoff import in_one_line
from whytrain.tracking.run_folder import RunFolder, RunInfo, Tell, run_folders, warn
from whytrain.tracking.settings import ARTIFACTS
from whytrain.tracking.spool import Spool, describe
from whytrain.tracking.upload import Delivery


@dataclass(frozen=True, kw_only=True)
class SpooledRun:
    """A run of which something waits.

    Attributes:
        info: What the run is called where.
        backlog: What waits, in words.
    """

    info: RunInfo
    backlog: str


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What became of one run's spool.

    Attributes:
        info: What the run is called where, MLflow's id included if it was created.
        sent: What was sent, in words; None if the attempt failed.
        error: Why it failed, in one line; None if all was sent.
    """

    info: RunInfo
    sent: str | None
    error: str | None


@dataclass(frozen=True, kw_only=True)
class RunSize:
    """Room that a run takes.

    Attributes:
        info: What the run is called where.
        folder_bytes: Size of its folder: checkpoints, log, spool.
        artifact_bytes: Size of its artifacts on this machine.
    """

    info: RunInfo
    folder_bytes: int
    artifact_bytes: int


def spooled_runs(root: Path, tell: Tell = warn) -> list[SpooledRun]:
    """Return the runs below `root` of which something waits, oldest first; see `run_folders` for `tell`."""
    found = [(info, _waiting(folder)) for folder, info in run_folders(root, tell)]
    return [SpooledRun(info=info, backlog=backlog) for info, backlog in found if backlog is not None]


def replay(root: Path, run_id: str | None, uri: str | None) -> list[Replayed]:
    """Send what waits; sending again what MLflow has already changes nothing.

    Args:
        root: The tracking folder.
        run_id: One run; None for all. Parents are sent before their children.
        uri: The tracking address, if it is no longer the one that the runs were started with.

    Raises:
        TrackingError: If there is no such run.
    """
    known = run_folders(root)
    chosen = [(folder, info) for folder, info in known if run_id in {None, info.run_id, info.remote_id}]
    if run_id is not None and not chosen:
        waiting = ", ".join(run.info.run_id for run in spooled_runs(root)) or "none"
        raise TrackingError(
            f"there is no run {run_id} in {root / 'runs'}; the runs with a spool are: {waiting}"
        )
    return [_replay_one(folder, uri) for folder, _ in chosen if _waiting(folder) is not None]


def _replay_one(folder: RunFolder, uri: str | None) -> Replayed:
    info = folder.read()
    assert info is not None
    backlog = None
    try:
        folder.acquire()
        try:
            backlog = _waiting(folder)
            delivery = Delivery(uri or info.uri, info.experiment, info.artifact_location, info.remote_id)
            if info.remote_id is not None:
                delivery.check()
            for segment in Spool(folder.spool).pending():
                delivery.send(segment)
                if delivery.remote_id is not None:
                    folder.record_remote(delivery.remote_id)
                segment.remove()
        finally:
            folder.release()
    except Exception as error:  # one run that fails must not keep the others from being sent
        return Replayed(info=folder.read() or info, sent=None, error=in_one_line(error))
    return Replayed(info=folder.read() or info, sent=backlog, error=None)


def usage(root: Path) -> list[RunSize]:
    """Return what room the runs that this machine started take, the largest first."""
    sizes = [
        RunSize(
            info=info,
            folder_bytes=_size(folder.path),
            artifact_bytes=_size(root / ARTIFACTS / (info.remote_id or info.run_id)),
        )
        for folder, info in run_folders(root)
    ]
    return sorted(sizes, key=lambda size: -(size.folder_bytes + size.artifact_bytes))


def _waiting(folder: RunFolder) -> str | None:
    return describe(Spool(folder.spool).pending())


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
