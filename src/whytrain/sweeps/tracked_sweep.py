"""A sweep as one run with its jobs as children."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Self

from whytrain.errors import TrackingError
from whytrain.sweeps.summary import JobResult
from whytrain.tracking.reader import find_run
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store
from whytrain.tracking.sweep_folder import Job, SweepFolder, find_sweep


class Sweep:
    """The run of a sweep, and what became of its jobs; `Sweep.start` makes it.

    Attributes:
        store: the sweep's own run.
        folder: its jobs.
    """

    def __init__(self, settings: TrackingSettings, store: Store) -> None:
        """Take over a run; use `start`."""
        self.store, self._settings = store, settings
        self.folder = SweepFolder(settings.root, store.run_id)

    @classmethod
    def start(cls, settings: TrackingSettings, name: str, varied: Sequence[str]) -> Self:
        """Create a sweep's run, or go on with that of the newest sweep of this name.

        Args:
            settings: where to track.
            name: of the sweep's run.
            varied: keys in which the jobs differ.

        Raises:
            TrackingError: if another process runs this sweep, or `Store.start` refuses.
        """
        known = find_sweep(settings.root, name)
        store = Store.start(settings, run_name=name, tags={"sweep": ", ".join(varied)}, run_id=known)
        sweep = cls(settings, store)
        sweep.folder.create(varied)
        return sweep

    def results(self, failed: Iterable[tuple[Sequence[str], str]]) -> list[JobResult]:
        """Return what became of every job, after marking those that died without a word.

        Args:
            failed: overrides and error of the jobs that failed, some of which never became runs.
        """
        jobs = self.folder.jobs()
        started = {tuple(job.overrides) for job in jobs}
        found = [self._result(job) for job in jobs]
        missing = [(overrides, error) for overrides, error in failed if tuple(overrides) not in started]
        return found + [JobResult(overrides=o, status="FAILED", error=error) for o, error in missing]

    def _result(self, job: Job) -> JobResult:
        try:
            run = find_run(self._settings.address, job.run_id)
            if run.status == "RUNNING" and self._mark_dead(job):
                run = find_run(self._settings.address, job.run_id)
        except TrackingError:  # out of reach: its spool has what it logged
            return JobResult(
                overrides=job.overrides, status="UNKNOWN", run_key=job.run_key, run_id=job.run_id
            )
        return JobResult(
            overrides=job.overrides,
            status=run.status,
            run_key=job.run_key,
            run_id=run.run_id,
            run_name=run.name,
            duration_s=run.seconds,
            metrics=run.metrics,
        )

    def _mark_dead(self, job: Job) -> bool:
        """Send what a killed job has left and close its run; False if it is alive after all."""
        with contextlib.suppress(TrackingError):  # another process writes it
            Store.start(self._settings, run_name="", tags={}, run_id=job.run_id).close("KILLED")
            return True
        return False
