"""A run's folder on this machine: what the run is called where, and who writes it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from whytrain.errors import TrackingError
from whytrain.tracking.spool import full_disk

FINISHED_FILE = "finished"  # whoever trains the run writes it at its very end
_INFO = "run.json"


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


class RunFolder:
    """The folder `root/runs/<run_id>`."""

    def __init__(self, root: Path, run_id: str) -> None:
        """Name the folder; nothing is made yet."""
        # Resolved, since MLflow's id of a run created late is a link to the folder of its first id.
        self.path = (root / "runs" / run_id).resolve()
        self.spool = self.path / "spool"
        self._lock = FileLock(self.path / ".lock")

    def read(self) -> RunInfo | None:
        """Return what is known of the run, None where nothing was written yet."""
        try:
            return RunInfo(**json.loads((self.path / _INFO).read_text("utf-8")))
        except FileNotFoundError:
            return None

    def write(self, info: RunInfo) -> None:
        """Record what is known of the run, at once and for good."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path / _INFO, json.dumps(asdict(info), indent=1))
            alias = self.path.parent / (info.remote_id or info.run_id)
            if not alias.exists():
                alias.symlink_to(self.path.name)
        except OSError as error:
            raise full_disk(error, self.path) from error

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


def run_folders(root: Path) -> list[tuple[RunFolder, RunInfo]]:
    """Return the runs that this machine started, oldest first and so parents before their children."""
    paths = [path for path in (root / "runs").glob("*") if path.is_dir() and not path.is_symlink()]
    folders = [RunFolder(root, path.name) for path in paths]
    known = [(folder, info) for folder in folders if (info := folder.read()) is not None]
    return sorted(known, key=lambda item: item[1].start_time)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one step, so that no reader and no crash sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
