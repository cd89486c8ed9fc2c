"""Sending a run's operations to MLflow, so that sending one twice changes nothing."""

from __future__ import annotations

import logging
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from whytrain.errors import TrackingError
from whytrain.tracking.connection import connect, experiment_id
from whytrain.tracking.limits import NOTE_TAG
from whytrain.tracking.models.package import send_model
from whytrain.tracking.run_folder import checked_id
from whytrain.tracking.sent import Stored
from whytrain.tracking.spool import Operation, Segment
from whytrain.tracking.ui import RUN_ADDRESS, TABLE_ADDRESS, run_address, table_address

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

# A run that could not be created at its start gets such an id, and keeps it as this tag.
LOCAL_ID_PREFIX = "local-"
LOCAL_ID_TAG = "whytrain.local_run_id"
PARENT_TAG = "mlflow.parentRunId"
_SMALL = frozenset({"metrics", "params", "tags"})  # operations that go together
OPERATIONS = _SMALL | {"create", "status", "artifact", "image", "dataset", "model"}
_METRICS_PER_REQUEST = 1000  # MLflow's limits of one log_batch
_TEXTS_PER_REQUEST = 100
_REFUSED = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST"}
_log = logging.getLogger(__name__)


class Delivery:
    """Sends one run's operations to MLflow.

    Metrics: MLflow keeps all it is sent, so a (key, step) that the run already has is left out: the first
    value stands. Params cannot be changed: the changed value of a resumed run becomes the tag
    `resumed/<key>`. Tags and artifacts are overwritten. A model carries the id of its operation.

    Args:
        uri: Absolute tracking address.
        experiment: Name of the experiment.
        artifact_location: Where a new experiment keeps its artifacts; None leaves that to the server.
        remote_id: MLflow's id of the run; None until it is created.
    """

    def __init__(
        self, uri: str, experiment: str, artifact_location: str | None, remote_id: str | None
    ) -> None:
        """Remember where to; nothing is connected yet."""
        self.uri = uri
        self.remote_id = remote_id
        self.experiment_id: str | None = None  # as far as MLflow has said
        self._experiment = (experiment, artifact_location)
        self._client: MlflowClient | None = None
        self._stored: Stored | None = None

    def create(self, operation: Operation) -> str:
        """Create the run, or find it where an earlier attempt died just after creating it; return its id."""
        client = self._connect()
        experiment = experiment_id(client, *self._experiment)
        self.experiment_id = experiment
        tags = dict(operation["tags"])
        existing = find_local(client, [experiment], tags[LOCAL_ID_TAG]) if LOCAL_ID_TAG in tags else None
        if existing is not None:
            self.remote_id = str(existing.info.run_id)
            return self.remote_id
        if parent := operation["parent_run_id"]:
            tags[PARENT_TAG] = _remote_parent(client, experiment, parent)
        run = client.create_run(experiment, operation["time"], tags, operation["run_name"])
        self.remote_id = str(run.info.run_id)
        self._stored = Stored(client, self.remote_id, is_new=True)
        return self.remote_id

    def check(self) -> None:
        """See that the run exists.

        Raises:
            TrackingError: If MLflow does not know the run, or it was deleted.
        """
        from mlflow.exceptions import MlflowException

        client = self._connect()
        try:
            info = client.get_run(self.run_id).info
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise TrackingError(
                f"there is no run {self.run_id} at {self.uri}: its UI shows the ids"
            ) from error
        self.experiment_id = str(info.experiment_id)
        if info.lifecycle_stage != "active":
            raise TrackingError(
                f"run {self.run_id} was deleted: restore it with `MLFLOW_TRACKING_URI={self.uri} "
                f"mlflow runs restore --run-id {self.run_id}`"
            )

    def send(self, segment: Segment) -> None:
        """Send all of a segment; an error of any kind leaves it to be sent again as a whole.

        Raises:
            TrackingError: If it holds what this version cannot send; nothing is sent then.
        """
        self._check_known(segment)
        try:
            batch = _Batch()
            for operation in segment.operations():
                if operation["op"] in _SMALL:
                    batch.add(operation)
                else:
                    self._send_batch(batch)
                    batch = _Batch()
                    self._send_unless_refused(operation, segment.files)
            self._send_batch(batch)
        except BaseException:
            self._stored = None  # what arrived is for MLflow to say
            raise

    def _check_known(self, segment: Segment) -> None:
        for operation in segment.operations():
            _check_inside(operation, segment)
        unknown = sorted({str(operation["op"]) for operation in segment.operations()} - OPERATIONS)
        if unknown:
            raise TrackingError(
                f"{segment.journal} holds operations that this version of whytrain does not know "
                f"({', '.join(unknown)}), and is kept: send it with the version that wrote it, or a newer one"
            )

    def send_status(self, operation: Operation) -> None:
        """Set the run's status, and its end if it ended."""
        client = self._connect()
        if operation["status"] == "RUNNING":
            client.update_run(self.run_id, status="RUNNING")
        else:
            client.set_terminated(self.run_id, operation["status"], operation["time"])

    def _connect(self) -> MlflowClient:
        if self._client is None:
            self._client = connect(self.uri)
        return self._client

    @property
    def run_id(self) -> str:
        """MLflow's id of the run, once it is created."""
        assert self.remote_id is not None, "a run is created before anything else is sent"
        return self.remote_id

    def _known(self) -> Stored:
        if self._stored is None:
            self._stored = Stored(self._connect(), self.run_id, is_new=False)
        return self._stored

    def _send_unless_refused(self, operation: Operation, files: Path) -> None:
        """Send an operation; one that MLflow will never take must not hold up all that follows."""
        from mlflow.exceptions import MlflowException

        try:
            self._send_one(operation, files)
        except MlflowException as error:
            if error.error_code not in _REFUSED or operation["op"] == "create":
                raise
            self.check()  # a deleted run refuses everything, and takes it once it is restored
            _log.warning("tracking: %s refused %s: %s", self.uri, operation, error)

    def _send_one(self, operation: Operation, files: Path) -> None:
        if operation["op"] == "create":
            self.create(operation)
            return
        client, run_id = self._connect(), self.run_id
        match operation["op"]:
            case "status":
                self.send_status(operation)
            case "artifact":
                _send_artifact(client, run_id, files, operation["path"])
            case "image":
                self._send_image(client, operation, files)
            case "dataset":
                client.log_inputs(run_id, [_dataset_input(operation)])
            case "model":
                send_model(client, run_id, files / operation["path"], operation)
            case unknown:
                raise AssertionError(f"{unknown} is none of the operations that a segment was checked for")

    def _send_batch(self, batch: _Batch) -> None:
        from mlflow.entities import Metric, Param, RunTag

        if batch.is_empty:
            return
        client, stored = self._connect(), self._known()
        metrics = []
        for (key, step), (value, time) in batch.metrics.items():
            if not stored.has_metric(key, step):
                metrics.append(Metric(key, value, time, step))
        tags = {key: self._addressed(text) if key == NOTE_TAG else text for key, text in batch.tags.items()}
        params = []
        for key, text in batch.params.items():
            if key not in stored.params:
                params.append(Param(key, text))
            elif stored.params[key] != text:
                tags[f"resumed/{key}"] = text
        for some in _chunks(params, _TEXTS_PER_REQUEST):
            client.log_batch(self.run_id, params=some)
        for some_tags in _chunks([RunTag(key, text) for key, text in tags.items()], _TEXTS_PER_REQUEST):
            client.log_batch(self.run_id, tags=some_tags)
        for some_metrics in _chunks(metrics, _METRICS_PER_REQUEST):
            client.log_batch(self.run_id, metrics=some_metrics)
        stored.params.update({param.key: param.value for param in params})
        for metric in metrics:
            stored.add_metric(metric.key, metric.step)

    def _addressed(self, note: str) -> str:
        """Return a description whose links lead to the run and to the table of runs in MLflow's UI."""
        if RUN_ADDRESS not in note and TABLE_ADDRESS not in note:
            return note
        if self.experiment_id is None:
            self.check()
        experiment = str(self.experiment_id)
        return note.replace(RUN_ADDRESS, run_address(experiment, self.run_id)).replace(
            TABLE_ADDRESS, table_address(experiment)
        )

    def _send_image(self, client: MlflowClient, operation: Operation, files: Path) -> None:
        from PIL import Image

        key, step = operation["key"], operation["step"]
        if not self._known().has_image(key, step):
            with Image.open(files / operation["path"]) as image:
                client.log_image(self.run_id, image, key=key, step=step, timestamp=operation["time"])
            self._known().add_image(key, step)


def _check_inside(operation: Operation, segment: Segment) -> None:
    """Refuse what would lead out of the run: a spool is a folder that anybody may have written.

    Raises:
        TrackingError: a path leads out of the segment's files, or a parent is no run's id.
    """
    path = PurePosixPath(str(operation.get("path", "file")))
    if path.is_absolute() or ".." in path.parts or (segment.files / path).is_symlink():
        raise TrackingError(f"{segment.journal} names {path}, which is no file of the run: nothing is sent")
    if operation["op"] == "create":
        tags = operation["tags"]
        for run_id in (operation["parent_run_id"], tags.get(PARENT_TAG), tags.get(LOCAL_ID_TAG)):
            if run_id is not None:
                checked_id(str(run_id))


class _Batch:
    """Small operations that go together; of two values of one metric and step the first stands."""

    def __init__(self) -> None:
        self.metrics: dict[tuple[str, int], tuple[float, int]] = {}
        self.params: dict[str, str] = {}
        self.tags: dict[str, str] = {}

    @property
    def is_empty(self) -> bool:
        return not (self.metrics or self.params or self.tags)

    def add(self, operation: Operation) -> None:
        match operation["op"]:
            case "metrics":
                for key, value in operation["values"].items():
                    self.metrics.setdefault((key, operation["step"]), (value, operation["time"]))
            case "params":
                self.params.update(operation["values"])
            case "tags":
                self.tags.update(operation["values"])
            case unknown:
                raise AssertionError(f"{unknown} is no small operation")


def find_local(client: MlflowClient, experiments: list[str], local_id: str) -> Run | None:
    """Return the run that was created for a `local-` id, None if there is none."""
    runs = client.search_runs(experiments, f"tags.`{LOCAL_ID_TAG}` = '{local_id}'", max_results=1)
    return runs[0] if runs else None


def _remote_parent(client: MlflowClient, experiment: str, run_id: str) -> str:
    if not run_id.startswith(LOCAL_ID_PREFIX):
        return run_id
    parent = find_local(client, [experiment], run_id)
    if parent is None:
        raise LookupError(f"the parent run {run_id} has not been sent yet")
    return str(parent.info.run_id)


def _send_artifact(client: MlflowClient, run_id: str, files: Path, path: str) -> None:
    if (files / path).is_dir():
        client.log_artifacts(run_id, str(files / path), path)
    else:
        folder = str(PurePosixPath(path).parent)
        client.log_artifact(run_id, str(files / path), None if folder == "." else folder)


def _dataset_input(operation: Operation) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    fields = operation["dataset"]
    return DatasetInput(Dataset(**fields), [InputTag("mlflow.data.context", operation["context"])])


def _chunks(items: list[Any], size: int) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
