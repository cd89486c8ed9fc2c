"""What this machine knows of a sweep's jobs: a file per job in the folder of the sweep's run.

The files are what a retry goes by, also where MLflow is out of reach. Processes on other machines need the
tracking folder on a shared disk.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from whytrain.tracking.run_folder import RunFolder, run_folders, write_atomically

VARIABLE = "WHYTRAIN_SWEEP"  # of the environment of a job: the id of its sweep's run
PLACE_VARIABLE = "WHYTRAIN_JOB"  # which of how many jobs this is, for people
_VARIED = "varied.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job that has become a run.

    Attributes:
        run_key: which job it is: `whytrain.sweeps.run_key`.
        run_id: its run.
        overrides: its command line.
    """

    run_key: str
    run_id: str
    overrides: list[str]


class SweepFolder:
    """The folder `root/runs/<parent>/jobs`.

    Attributes:
        parent_run_id: the sweep's run.
    """

    def __init__(self, root: Path, parent_run_id: str) -> None:
        """Name the folder; nothing is made yet."""
        self.parent_run_id = parent_run_id
        self._root = root
        self._path = RunFolder(root, parent_run_id).path / "jobs"

    def create(self, varied: Sequence[str]) -> None:
        """Make the folder, or let the jobs of one that is there differ in other keys, too."""
        self._path.mkdir(parents=True, exist_ok=True)
        known = self.varied() if (self._path / _VARIED).exists() else []
        write_atomically(self._path / _VARIED, json.dumps(list(dict.fromkeys([*known, *varied]))))

    def varied(self) -> list[str]:
        """Return the keys in which jobs differ."""
        return list(json.loads((self._path / _VARIED).read_text("utf-8")))

    def job(self, run_key: str) -> Job | None:
        """Return the job with a key, None if it has not become a run yet."""
        return _read_job(self._path / f"job-{run_key}.json")

    def jobs(self) -> list[Job]:
        """Return all jobs that have become runs, oldest first."""
        paths = sorted(self._path.glob("job-*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        return [job for path in paths if (job := _read_job(path)) is not None]

    def started(self, run_key: str, run_id: str, overrides: Sequence[str]) -> None:
        """Note that a job has become a run; a retry changes nothing."""
        if self.job(run_key) is not None:
            return
        job = Job(run_key=run_key, run_id=run_id, overrides=list(overrides))
        write_atomically(self._path / f"job-{run_key}.json", json.dumps(asdict(job), ensure_ascii=False))

    def run_folder(self, job: Job) -> Path:
        """Return the folder of a job's run."""
        return RunFolder(self._root, job.run_id).path


def _read_job(path: Path) -> Job | None:
    """Return a job; None where it has not become a run, or what was noted is damaged, which is told."""
    try:
        return Job(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        _log.warning("tracking: %s is no job of a sweep and is left out (%s)", path, error)
        return None


def find_sweep(root: Path, name: str) -> str | None:
    """Return the id of the newest sweep of a name that this machine knows, None if there is none."""
    sweeps = [info for folder, info in run_folders(root) if (folder.path / "jobs").is_dir()]
    found = [info.run_id for info in sweeps if info.run_name == name]
    return found[-1] if found else None
