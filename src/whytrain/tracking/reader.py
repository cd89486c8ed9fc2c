"""Reading tracked runs back."""

from __future__ import annotations

import atexit
import difflib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from whytrain.errors import MissingRunError, TrackingError
from whytrain.tracking.backoff import in_one_line
from whytrain.tracking.connection import connect
from whytrain.tracking.quick_look import (
    BEGINNING,
    ID,
    NAMES_SEARCHED,
    OF_SEVERAL,
    begins,
    known_run,
    no_run,
    no_store,
    short_id,
)
from whytrain.tracking.settings import place, sqlite_path
from whytrain.tracking.tables import artifact_path, stored_table
from whytrain.tracking.upload import LOCAL_ID_PREFIX, PARENT_TAG, find_local
from whytrain.typed_commands import typed

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities import Run

_SHOWN = 5
_MOST_RUNS = 50_000  # MLflow's own limit of one search


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What MLflow says of a run.

    Attributes:
        uri: The tracking address.
        run_id: MLflow's id.
        name: The name that people see.
        status: RUNNING, FINISHED, FAILED or KILLED.
        params: Params by name.
        tags: Tags by name.
        metrics: The last value of each metric.
        model_ids: MLflow's ids of the logged models, in any order.
        seconds: From its start to its end; None while it runs.
        place: Where its files are, as an address.
    """

    uri: str
    run_id: str
    name: str
    status: str
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, float]
    model_ids: tuple[str, ...]
    seconds: float | None
    place: str = ""

    @property
    def parent_id(self) -> str | None:
        """MLflow's id of the run that this one is part of, such as a sweep's."""
        return self.tags.get(PARENT_TAG)

    @property
    def folder(self) -> Path | None:
        """Where its files are on this machine; None where a server keeps them."""
        return _folder_here(self.place)

    @property
    def of_several(self) -> str | None:
        """What it is if it trained nothing itself: a sweep, a loop or a comparison; None of a training."""
        return "sweep" if "sweep" in self.tags else self.tags.get("kind")

    @property
    def goes_on(self) -> str:
        """What to type where it did not come to its end, as the end of a sentence; nothing where it did.

        What stands for several runs has no model, and no training to go on with.
        """
        if self.of_several is not None:
            return "; give the run of a training"
        if self.status == "FINISHED":
            return ""
        again = f"go on with: {typed('train')} resume={short_id(self.run_id)}{place(self.uri)}"
        return (
            f"; wait for its end or, if it was killed, {again}" if self.status == "RUNNING" else f"; {again}"
        )

    def setting(self, key: str) -> str | None:
        """Return what its config has under a key; None where that is null, or where there is no such key."""
        value = self.params.get(key)
        return None if value == "None" else value


def find_run(uri: str, said: str) -> RunRecord:
    """Return the run with an id, or the one with a name or with an id that begins like this.

    Args:
        uri: Absolute tracking address (`TrackingSettings.address`).
        said: MLflow's id, at least six characters of its beginning, the `local-` id of a run that was sent
            later, or a name that one run has.

    Raises:
        MissingRunError: If there is no such run or several, naming what comes close.
        TrackingError: If the store cannot be read, or the run's files are gone with their folder.
    """
    id_or_name = known_run(uri, said)
    with reading(uri) as client:
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        if id_or_name.startswith(LOCAL_ID_PREFIX):
            run = find_local(client, experiments, id_or_name)
            if run is None:
                raise MissingRunError(
                    f"run {id_or_name} is not at {uri}: send it with `python -m whytrain.tracking replay`"
                )
            return _record(uri, run)
        by_id = ID.fullmatch(id_or_name)
        query = f"attributes.run_id = '{id_or_name}'" if by_id else _name_query(id_or_name)
        runs = client.search_runs(experiments, query)
        if not runs and BEGINNING.fullmatch(id_or_name):
            runs = client.search_runs(experiments, f"attributes.run_id LIKE '{id_or_name}%'")
            begins(id_or_name, [run.info.run_id for run in runs])  # or raises where there are several
        if len(runs) == 1:
            found = _record(uri, runs[0])
            refuse_lost(found)
            return found
        if runs:
            ids = ", ".join(run.info.run_id for run in runs[:_SHOWN])
            raise MissingRunError(f"{len(runs)} runs are named {id_or_name!r}; give the id of one: {ids}")
        newest = client.search_runs(experiments, max_results=NAMES_SEARCHED)
        trained = [run for run in newest if not run.data.tags.keys() & set(OF_SEVERAL)]
        raise no_run(uri, id_or_name, [str(run.info.run_name) for run in trained])


def experiment_number(uri: str, name: str) -> str | None:
    """Return MLflow's id of an experiment; None where there is none of that name.

    Raises:
        TrackingError: If the address cannot be read.
    """
    with reading(uri) as client:
        experiment = client.get_experiment_by_name(name)
        return None if experiment is None else str(experiment.experiment_id)


def experiment_runs(uri: str, name: str) -> list[RunRecord]:
    """Return the runs of an experiment, oldest first.

    Args:
        uri: Absolute tracking address.
        name: The experiment's.

    Raises:
        MissingRunError: If there is no such experiment, naming those that there are.
    """
    with reading(uri) as client:
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            names = ", ".join(sorted(str(known.name) for known in client.search_experiments()))
            raise MissingRunError(f"there is no experiment {name!r} at {uri}; there are: {names}")
        return _oldest_first(client, [experiment.experiment_id], "")


def finished_runs(run: RunRecord, tag: str) -> list[RunRecord]:
    """Return the finished runs that have a tag as this one has it, itself included, newest first."""
    query = f"attributes.status = 'FINISHED' and tags.`{tag}` = '{run.tags[tag]}'"
    with reading(run.uri) as client:
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        return _oldest_first(client, experiments, query)[::-1]


def child_runs(run: RunRecord) -> list[RunRecord]:
    """Return the runs that have this one as their parent (the jobs of a sweep), oldest first."""
    with reading(run.uri) as client:
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        return _oldest_first(client, experiments, f"tags.`{PARENT_TAG}` = '{run.run_id}'")


def _oldest_first(client: MlflowClient, experiments: list[str], query: str) -> list[RunRecord]:
    order = ["attributes.start_time ASC"]
    runs = client.search_runs(experiments, query, max_results=_MOST_RUNS, order_by=order)
    return [_record(client.tracking_uri, run) for run in runs]


def _name_query(name: str) -> str:
    """Return MLflow's search for a name; its language knows two quotation marks and no way to escape one."""
    if "'" in name and '"' in name:
        raise TrackingError(f"MLflow cannot search for {name}, which has both ' and \": give the run's id")
    mark = '"' if "'" in name else "'"
    return f"attributes.run_name = {mark}{name}{mark}"


def metric_history(run: RunRecord, key: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return steps and values of a metric, both (n_steps,), in the order of the steps.

    Raises:
        TrackingError: If the run has no such metric, naming what comes close.
    """
    with reading(run.uri) as client:
        if key not in run.metrics:
            close = difflib.get_close_matches(key, run.metrics, n=_SHOWN) or sorted(run.metrics)
            raise TrackingError(
                f"run {run.name} has no metric {key}; it has {', '.join(close) or 'none at all'}"
            )
        history = sorted(client.get_metric_history(run.run_id, key), key=lambda metric: metric.step)
    steps = np.array([metric.step for metric in history], dtype=np.int64)
    return steps, np.array([metric.value for metric in history], dtype=np.float64)


def read_table(
    run: RunRecord, topic: str, epoch: int | Literal["last"] | None = None, name: str | None = None
) -> pd.DataFrame:
    """Return a table that the run logged.

    Args:
        run: The run.
        topic: Its folder.
        epoch: From 1; "last" for the newest epoch; None for a table of the whole run.
        name: Its name where a topic has several tables.

    Returns:
        The table; its `attrs["version"]` says which version of its schema it follows.

    Raises:
        TrackingError: If the run has no such table, naming those of the topic.
    """
    refuse_lost(run)
    path = (
        _last_table(run, topic, name)
        if epoch == "last"
        else artifact_path("tables", topic, name, epoch, "parquet")
    )
    try:
        return stored_table(download(run, path))
    except TrackingError as error:
        tables = ", ".join(artifact_paths(run, f"tables/{topic}")) or "none"
        raise TrackingError(f"run {run.name} has no {path}; the tables of {topic} are: {tables}") from error


def _last_table(run: RunRecord, topic: str, name: str | None) -> str:
    pattern = re.compile(rf".*/{re.escape(name or topic)}_epoch_(\d+)\.parquet")
    paths = artifact_paths(run, f"tables/{topic}")
    epochs = [int(match[1]) for path in paths if (match := pattern.fullmatch(path))]
    return artifact_path("tables", topic, name, max(epochs, default=1), "parquet")


def artifact_paths(run: RunRecord, folder: str) -> list[str]:
    """Return the files and folders right below a folder of a run's artifacts; none where there is no such.

    Raises:
        TrackingError: the store cannot be reached.
    """
    with reading(run.uri) as client:
        return [file.path for file in client.list_artifacts(run.run_id, folder)]


def download(run: RunRecord, path: str) -> Path:
    """Return where a file or folder of the run's artifacts lies on this machine, to be read only.

    What a server keeps is fetched into a folder that is removed when the process ends.

    Raises:
        TrackingError: If the run has no such artifact.
    """
    refuse_lost(run)
    if here := run.folder:
        is_inside = not {"..", "/"} & set(Path(path).parts)
        if not is_inside or not (here / path).exists():
            raise TrackingError(f"run {run.name} has no artifact {path}")
        return here / path
    with reading(run.uri) as client:
        try:
            return Path(client.download_artifacts(run.run_id, path, _new_folder()))
        except Exception as error:  # each kind of artifact store raises its own
            raise TrackingError(f"run {run.name} has no artifact {path} ({in_one_line(error)})") from error


def saved_model(run: RunRecord) -> Path:
    """Return the folder of the run's newest logged model, for `whytrain.models.saved.load_model`.

    Raises:
        TrackingError: If the run logged no model.
    """
    if not run.model_ids:
        raise TrackingError(
            f"run {run.name} has no logged model ({run.status}){run.goes_on or '; train it again'}"
        )
    refuse_lost(run)
    with reading(run.uri) as client:
        logged = map(client.get_logged_model, run.model_ids)
        newest = max(logged, key=lambda model: int(model.creation_timestamp))
        return downloaded_model(run.uri, newest.artifact_location)


def downloaded_model(uri: str, location: str) -> Path:
    """Return the folder of a logged model's own files, to be read only; see `download`."""
    from mlflow.artifacts import download_artifacts

    folder = _folder_here(location) or Path(
        download_artifacts(artifact_uri=location, dst_path=_new_folder(), tracking_uri=uri)
    )
    return next((folder / "data").iterdir())  # MLflow keeps the folder that it was given in here


def _folder_here(place: str) -> Path | None:
    """Return the folder that an address stands for; None for one that is not on this machine."""
    parts = urlsplit(place)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _new_folder() -> str:
    """Return a folder that is removed when the process ends."""
    folder = tempfile.mkdtemp(prefix="whytrain-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def refuse_lost(run: RunRecord) -> None:
    """Refuse a run whose files were on this machine, in a folder that is no longer there.

    Raises:
        TrackingError: It names that folder, and what to do.
    """
    if run.folder is None:
        return
    root = run.folder.parent.parent.parent  # of <root>/artifacts/<run's id>/artifacts
    if not root.exists():
        raise TrackingError(
            f"run {run.name}: its files are expected in {root}, which is not there; move that folder back, "
            "or put a link to it there"
        )


@contextmanager
def reading(uri: str) -> Iterator[MlflowClient]:
    """Give a client; whatever goes wrong becomes one line."""
    database = sqlite_path(uri)
    if database is not None and not database.exists():
        raise no_store(uri)
    try:
        yield connect(uri)
    except TrackingError:
        raise
    except Exception as error:  # MLflow, requests, SQLAlchemy and the operating system raise their own
        raise TrackingError(f"cannot read from {uri}: {in_one_line(error)}") from error


def _record(uri: str, run: Run) -> RunRecord:
    outputs = run.outputs.model_outputs if run.outputs else []
    return RunRecord(
        uri=uri,
        run_id=run.info.run_id,
        name=str(run.info.run_name),
        status=run.info.status,
        params=dict(run.data.params),
        tags=dict(run.data.tags),
        metrics=dict(run.data.metrics),
        model_ids=tuple(output.model_id for output in outputs),
        seconds=None if run.info.end_time is None else (run.info.end_time - run.info.start_time) / 1000,
        place=str(run.info.artifact_uri),
    )
