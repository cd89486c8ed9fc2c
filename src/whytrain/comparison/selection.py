"""Which runs are compared: named ones, the jobs of a sweep, or all of an experiment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whytrain.comparison.settings import refuse_twice
from whytrain.errors import TrackingError
from whytrain.tracking.reader import RunRecord, child_runs, experiment_runs, find_run
from whytrain.typed_commands import typed

KIND_TAG, COMPARISON = "kind", "comparison"  # of the run that a comparison leaves in MLflow


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Runs to compare, the baseline first.

    Attributes:
        runs: that finished.
        named: ids of those that were asked for one by one: not to be left out in silence.
        left_out: why others of a sweep or an experiment are not among them, one sentence each.
    """

    runs: tuple[RunRecord, ...]
    named: frozenset[str]
    left_out: tuple[str, ...]


def select_runs(uri: str, names: Sequence[str] | None, experiment: str) -> Selection:
    """Find the runs.

    Args:
        uri: absolute tracking address.
        names: ids or unique names; a run that has others below it (a sweep) stands for these. None for all
            runs of the experiment.
        experiment: name of an MLflow experiment.

    A job that stands beside its sweep is there once, in the first place that has it.

    Raises:
        ConfigError: a run is given twice.
        TrackingError: a run or the experiment does not exist, or a named run did not finish or is a
            comparison itself.
    """
    if names is None:
        return _of_many(experiment_runs(uri, experiment))
    found = [find_run(uri, name) for name in names]
    refuse_twice(names, [run.run_id for run in found])
    runs: dict[str, RunRecord] = {}
    named: set[str] = set()
    left_out: list[str] = []
    for run in found:
        children = child_runs(run)
        if children:
            part = _of_many(children)
            left_out += part.left_out
            for job in part.runs:
                runs.setdefault(job.run_id, job)
        else:
            _check_named(run)
            runs.setdefault(run.run_id, run)
            named.add(run.run_id)
    return Selection(runs=tuple(runs.values()), named=frozenset(named), left_out=tuple(left_out))


def selection_of(runs: Sequence[RunRecord]) -> Selection:
    """Select runs that were found already, each of them named.

    Raises:
        ConfigError: one is given twice.
        TrackingError: one did not finish, or is a comparison itself.
    """
    refuse_twice([run.name for run in runs], [run.run_id for run in runs])
    for run in runs:
        _check_named(run)
    return Selection(runs=tuple(runs), named=frozenset(run.run_id for run in runs), left_out=())


def _of_many(runs: Iterable[RunRecord]) -> Selection:
    """Keep those that finished and are neither comparisons nor stand for others."""
    candidates = list(runs)
    parents = {run.parent_id for run in candidates}
    trained = [r for r in candidates if r.run_id not in parents and r.tags.get(KIND_TAG) != COMPARISON]
    finished = tuple(run for run in trained if run.status == "FINISHED")
    left_out = tuple(
        f"{run.name} ({run.run_id}) never finished: it is {run.status}"
        for run in trained
        if run.status != "FINISHED"
    )
    return Selection(runs=finished, named=frozenset(), left_out=left_out)


def _check_named(run: RunRecord) -> None:
    if run.tags.get(KIND_TAG) == COMPARISON:
        raise TrackingError(f"run {run.name} is a comparison itself: give the runs that it compares")
    if run.status != "FINISHED":
        raise TrackingError(
            f"run {run.name} never finished, it is {run.status}: go on with it "
            f"({typed('train')} resume={run.run_id}), or leave it out"
        )
