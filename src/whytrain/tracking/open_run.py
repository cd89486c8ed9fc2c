"""Creating a run, or going on with one: in MLflow if it answers, and in any case on this machine."""

from __future__ import annotations

import getpass
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from whytrain.errors import TrackingError
from whytrain.tracking import limits
from whytrain.tracking.backoff import Failure, attempt
from whytrain.tracking.run_folder import RunFolder, RunInfo
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.spool import Operation
from whytrain.tracking.upload import LOCAL_ID_PREFIX, LOCAL_ID_TAG, Delivery


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A run that can be logged to; its folder is locked.

    Attributes:
        info: What the run is called where.
        folder: Its folder.
        delivery: Its way into MLflow.
        operations: What MLflow has to be sent before anything else.
        failure: Why MLflow could not be reached; None if it was.
    """

    info: RunInfo
    folder: RunFolder
    delivery: Delivery
    operations: tuple[Operation, ...]
    failure: Failure | None


def open_new(
    settings: TrackingSettings, run_name: str, tags: Mapping[str, object], parent_run_id: str | None
) -> Opened:
    """Create a run; where MLflow is out of reach, under an id of its own until it can be sent.

    Raises:
        TrackingError: If the experiment was deleted, or the disk is full.
    """
    operation: Operation = {
        "op": "create",
        "run_name": run_name,
        "time": now(),
        "tags": limits.texts({**_origin_tags(), **tags}, limits.TAG_LENGTH),
        "parent_run_id": parent_run_id,
    }
    delivery = Delivery(settings.address, settings.experiment, settings.artifact_location, None)
    failure = _unless_to_be_mended(attempt(lambda: delivery.create(operation)))
    if failure is None:
        run_id = delivery.run_id
    else:
        run_id = f"{LOCAL_ID_PREFIX}{uuid.uuid4().hex}"
        operation["tags"][LOCAL_ID_TAG] = run_id
    info = RunInfo(
        run_id=run_id,
        remote_id=delivery.remote_id,
        run_name=run_name,
        uri=settings.address,
        experiment=settings.experiment,
        artifact_location=settings.artifact_location,
        start_time=operation["time"],
    )
    folder = _claim(settings, info)
    return Opened(
        info=info,
        folder=folder,
        delivery=delivery,
        operations=() if failure is None else (operation,),
        failure=failure,
    )


def open_again(settings: TrackingSettings, run_id: str, run_name: str, tags: Mapping[str, object]) -> Opened:
    """Go on with a run, which keeps its name.

    Raises:
        TrackingError: If MLflow does not know the run, it was deleted, or another process writes it.
    """
    known = RunFolder(settings.root, run_id).read()
    if known is None and run_id.startswith(LOCAL_ID_PREFIX):
        raise TrackingError(
            f"there is no run {run_id} in {settings.root / 'runs'}: resume it on the machine that "
            "started it, or with the id that MLflow gave it"
        )
    info = RunInfo(
        run_id=known.run_id if known else run_id,
        remote_id=known.remote_id if known else run_id,
        run_name=known.run_name if known else run_name,
        uri=settings.address,
        experiment=settings.experiment,
        artifact_location=settings.artifact_location,
        start_time=known.start_time if known else now(),
    )
    delivery = Delivery(info.uri, info.experiment, info.artifact_location, info.remote_id)
    failure = _unless_to_be_mended(attempt(delivery.check)) if info.remote_id is not None else None
    running: Operation = {"op": "status", "status": "RUNNING", "time": now()}
    operations: tuple[Operation, ...] = (running,)
    if tags:
        operations += ({"op": "tags", "values": limits.texts(tags, limits.TAG_LENGTH)},)
    return Opened(
        info=info, folder=_claim(settings, info), delivery=delivery, operations=operations, failure=failure
    )


def _unless_to_be_mended(failure: Failure | None) -> Failure | None:
    """Raise before the training what only the user can mend."""
    if failure is not None and isinstance(failure.error, TrackingError):
        raise failure.error
    return failure


def now() -> int:
    """Return milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _claim(settings: TrackingSettings, info: RunInfo) -> RunFolder:
    folder = RunFolder(settings.root, info.run_id)
    folder.acquire()
    folder.write(info)
    return folder


def _origin_tags() -> dict[str, str]:
    """Return the tags from which MLflow's UI shows who started the run with what."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "unknown"
    return {"mlflow.user": user, "mlflow.source.name": sys.argv[0], "mlflow.source.type": "LOCAL"}
