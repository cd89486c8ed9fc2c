"""A run's folder on this machine: what the run is called where, and who writes it."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from whytrain.errors import TrackingError
from whytrain.tracking.settings import ARTIFACTS, sqlite_address, sqlite_path
from whytrain.tracking.spool import full_disk

FINISHED_FILE = "finished"  # whoever trains the run writes it at its very end
_INFO = "run.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What has to be known to send a run's spool without its config.

    Attributes:
        run_id: The name of the folder: MLflow's id, or one made here while MLflow was out of reach.
        remote_id: MLflow's id; None until the run was created there.
        run_name: The name that people see.
        uri: The absolute tracking address.
        experiment: Name of the experiment.
        artifact_location: Where a new experiment keeps its artifacts; None leaves that to the server.
        start_time: Milliseconds since 1970, when the run was first started.
    """

    run_id: str
    remote_id: str | None
    run_name: str
    uri: str
    experiment: str
    artifact_location: str | None
    start_time: int

    def __post_init__(self) -> None:
        """Refuse ids that would lead out of the folder of runs: they become names of folders."""
        for run_id in filter(None, (self.run_id, self.remote_id)):
            checked_id(run_id)


def checked_id(run_id: str) -> str:
    """Return an id of a run.

    Raises:
        TrackingError: it is none: it has other signs than letters, digits, - and _.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,250}", run_id):
        raise TrackingError(f"{run_id!r} is no id of a run: expected letters, digits, - and _")
    return run_id


class RunFolder:
    """The folder `root/runs/<run_id>`."""

    def __init__(self, root: Path, run_id: str) -> None:
        """Name the folder; nothing is made yet."""
        # Resolved, since MLflow's id of a run created late is a link to the folder of its first id.
        self.path = (root / "runs" / run_id).resolve()
        self.spool = self.path / "spool"
        self._lock = FileLock(self.path / ".lock")

    def read(self) -> RunInfo | None:
        """Return what is known of the run, None where nothing was written yet.

        Raises:
            TrackingError: what was written is damaged, of a newer version, or another run's.
        """
        path = self.path / _INFO
        try:
            plain = json.loads(path.read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise TrackingError(f"{path} cannot be read ({error}): move its folder away") from error
        known = {field.name for field in fields(RunInfo)}
        if not isinstance(plain, dict) or known - plain.keys():
            raise TrackingError(f"{path} is no record of a run: move its folder away")
        if newer := sorted(plain.keys() - known):
            raise TrackingError(
                f"{path} was written by a newer version of whytrain ({', '.join(newer)}): use that one"
            )
        if not isinstance(plain["start_time"], int) or plain["run_id"] != self.path.name:
            raise TrackingError(f"{path} is not of this folder's run: move the folder away")
        return self._placed(RunInfo(**plain))

    def write(self, info: RunInfo) -> None:
        """Record what is known of the run, at once and for good."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path / _INFO, json.dumps(self._movable(info), indent=1))
            alias = self.path.parent / (info.remote_id or info.run_id)
            if not alias.exists():
                alias.symlink_to(self.path.name)
        except OSError as error:
            raise full_disk(error, self.path) from error

    @property
    def _root(self) -> Path:
        return self.path.parents[1]

    def _movable(self, info: RunInfo) -> dict[str, Any]:
        """Return plain data that stay true when the folder of all runs is moved or copied."""
        plain, database = asdict(info), sqlite_path(info.uri)
        if database is not None and database.is_relative_to(self._root):
            plain["uri"] = sqlite_address(database.relative_to(self._root))
        if info.artifact_location == (self._root / ARTIFACTS).as_uri():
            plain["artifact_location"] = ARTIFACTS
        return plain

    def _placed(self, info: RunInfo) -> RunInfo:
        """Return what `_movable` made, at home in the folder where it is read."""
        uri, location, database = info.uri, info.artifact_location, sqlite_path(info.uri)
        own = None if database is None else self._root / database.name
        if database is not None and not database.is_absolute():
            uri = sqlite_address(self._root / database)
        elif database is not None and own is not None and own.exists() and not database.exists():
            uri = sqlite_address(own)  # written by an earlier version, and moved since
        if location == ARTIFACTS or (uri != info.uri and location is not None):
            location = (self._root / ARTIFACTS).as_uri()
        return replace(info, uri=uri, artifact_location=location)

    def record_remote(self, remote_id: str) -> None:
        """Note under which id MLflow created the run."""
        info = self.read()
        assert info is not None
        if info.remote_id != remote_id:
            self.write(replace(info, remote_id=remote_id))

    def acquire(self) -> None:
        """Become the only writer until `release` or the end of the process.

        Raises:
            TrackingError: If another process writes the run.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            message = f"run {self.path.name} is being written by another process: wait for its end"
            raise TrackingError(message) from None
        except OSError as error:
            raise full_disk(error, self.path) from error

    def release(self) -> None:
        """Let others write the run."""
        self._lock.release()


Tell = Callable[[TrackingError], None]


def warn(error: TrackingError) -> None:
    """Tell of what cannot be read."""
    _log.warning("tracking: %s", error)


def run_folders(root: Path, tell: Tell = warn) -> list[tuple[RunFolder, RunInfo]]:
    """Return the runs that this machine started, oldest first and so parents before their children.

    Args:
        root: the tracking folder.
        tell: is told of each that cannot be read; it is left out.
    """
    paths = [path for path in (root / "runs").glob("*") if path.is_dir() and not path.is_symlink()]
    known = []
    for folder in (RunFolder(root, path.name) for path in sorted(paths)):
        try:
            info = folder.read()
        except TrackingError as error:
            tell(error)
            continue
        if info is not None:
            known.append((folder, info))
    return sorted(known, key=lambda item: item[1].start_time)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one step, so that no reader and no crash sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
