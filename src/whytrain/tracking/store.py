"""A run's record: everything is journalled on this machine first, then sent to MLflow in batches."""

from __future__ import annotations

import functools
import logging
import shlex
import shutil
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Self, TypeVar

import yaml

from whytrain.errors import TrackingError
from whytrain.tracking import limits
from whytrain.tracking.backoff import Failure, Patience, attempt, in_one_line
from whytrain.tracking.open_run import Opened, now, open_again, open_new
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.spool import Operation, Spool, describe, full_disk
from whytrain.tracking.tables import artifact_path, table_files

if TYPE_CHECKING:
    import pandas as pd

    from whytrain.tracking.models.package import PyfuncModel
    from whytrain.types import Figure

Status = Literal["FINISHED", "FAILED", "KILLED"]
_DRAWINGS = "drawings"  # folder of the newest drawing of each figure
_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _timed(
    method: Callable[Concatenate[Store, _P], _R],
) -> Callable[Concatenate[Store, _P], _R]:
    """Count what a public method costs the training."""

    @functools.wraps(method)
    def timed(self: Store, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        started = time.perf_counter()
        try:
            return method(self, *args, **kwargs)
        finally:
            self.seconds += time.perf_counter() - started

    return timed


class Store:
    """The record of one run; `Store.start` makes it.

    What is logged is written to the run's spool at once, where it survives the end of the process, and
    sent by `flush`. MLflow being out of reach never raises: the spool keeps what could not be sent, later
    flushes try again, and `python -m whytrain.tracking replay` sends the rest.

    Resuming neither doubles nor loses a metric if `flush` comes before every checkpoint: what a checkpoint
    knows is then in the spool or in MLflow, and what a resumed run logs again is recognized by its
    (key, step), of which MLflow gets one value only, the first.

    Attributes:
        run_id: MLflow's id of the run; one that begins with `local-` where MLflow was out of reach at the
            start (it is found under that id later, too).
        run_name: The name that people see.
        directory: The run's folder on this machine.
        settings: Where the run is tracked.
        seconds: What tracking has cost so far, in seconds.
    """

    def __init__(self, settings: TrackingSettings, opened: Opened) -> None:
        """Take over an opened run; use `start`."""
        self.run_id = opened.info.run_id
        self.run_name = opened.info.run_name
        self.directory = opened.folder.path
        self.settings = settings
        self.seconds = 0.0
        self._folder = opened.folder
        self._delivery = opened.delivery
        self._spool = Spool(opened.folder.spool)
        self._patience = Patience()
        self._is_closed = False
        for operation in opened.operations:
            self._spool.append(operation)
        if opened.failure is not None:
            self._failed(opened.failure)

    @classmethod
    def start(
        cls,
        settings: TrackingSettings,
        *,
        run_name: str,
        tags: Mapping[str, str],
        run_id: str | None = None,
        parent_run_id: str | None = None,
    ) -> Self:
        """Create a run, or go on with one.

        Args:
            settings: Where to track.
            run_name: The name that people see; a resumed run keeps its own.
            tags: Tags to set.
            run_id: The run to go on with; None for a new one.
            parent_run_id: The run of the sweep that this run is part of.

        Raises:
            TrackingError: If the user has to act: the experiment or the run was deleted, the run does not
                exist or is being written, the disk is full.
        """
        started = time.perf_counter()
        if run_id is None:
            store = cls(settings, open_new(settings, run_name, tags, parent_run_id))
        else:
            store = cls(settings, open_again(settings, run_id, run_name, tags))
            store.flush()
        store.seconds = time.perf_counter() - started
        return store

    @property
    def experiment_id(self) -> str | None:
        """MLflow's id of the experiment; None as long as MLflow was out of reach."""
        return self._delivery.experiment_id

    @property
    def offline(self) -> bool:
        """Whether the last attempt to reach MLflow failed."""
        return self._patience.failures > 0

    @_timed
    def log_params(self, params: Mapping[str, object]) -> None:
        """Log flat params; a value above MLflow's 6,000 characters is cut."""
        if params:
            self._append("params", values=limits.texts(params, limits.PARAM_LENGTH))

    @_timed
    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set tags."""
        if tags:
            self._append("tags", values=limits.texts(tags, limits.TAG_LENGTH))

    @_timed
    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Log metrics of a step; epochs count from 1, and an epoch's metrics have it as their step.

        Args:
            metrics: Values by name (`stage/name`); NaN and infinities are kept as MLflow keeps them.
            step: The epoch, or the number of optimizer steps for what is logged within one. A metric has
                one value per step, the first.
        """
        if metrics:
            values = {limits.key(name): float(value) for name, value in metrics.items()}
            self._append("metrics", values=values, step=int(step), time=now())

    @_timed
    def log_table(
        self,
        frame: pd.DataFrame,
        topic: str,
        name: str | None = None,
        epoch: int | None = None,
        text_columns: Sequence[str] = (),
        version: int = 1,
    ) -> None:
        """Log a table as `tables/<topic>/<name or topic>_epoch_003.parquet`.

        A small one also lies beside it as CSV, which MLflow's UI shows; what is read back is Parquet.

        Args:
            frame: The table; its index is left out.
            topic: The folder.
            name: The file's name where a topic has several tables.
            epoch: From 1; None for a table of the whole run, whose file name ends without it.
            text_columns: The columns that hold raw text; without `log_text` their hashes are written.
            version: Of the table's schema, for those who read it back.
        """
        hidden = () if self.settings.log_text else text_columns
        for path, write in table_files(frame, topic, name, epoch, hidden, version):
            self._stage(path, write)
            self._append("artifact", path=path)

    # Not timed: nearly all of it is drawing, which is no cost of tracking.
    def log_figure(
        self, figure: Figure, topic: str, name: str | None = None, epoch: int | None = None
    ) -> None:
        """Log a figure as `figures/<topic>/<name or topic>_epoch_003.png`.

        With an epoch it also becomes a step of the image `<topic>`, which the UI shows with a slider.
        """
        path = artifact_path("figures", topic, name, epoch, "png")
        self._stage(path, lambda target: figure.savefig(target, format="png"))
        self._keep(self._spool.stage(path), f"{topic}/{name or topic}.png")
        self._append("artifact", path=path)
        if epoch is not None:
            self._append("image", path=path, key=limits.image_key(topic), step=epoch, time=now())

    def drawings(self) -> dict[str, bytes]:
        """Return the newest drawing of every figure as PNG, by `<topic>/<name or topic>`.

        They lie in the run's folder until it has finished: a resumed run has those of earlier epochs, too.
        """
        folder = self.directory / _DRAWINGS
        files = sorted(folder.rglob("*.png"))
        return {file.relative_to(folder).with_suffix("").as_posix(): file.read_bytes() for file in files}

    @_timed
    def log_text(self, text: str, path: str) -> None:
        """Log a text file."""
        self._stage(path, lambda target: target.write_text(text, "utf-8"))
        self._append("artifact", path=path)

    @_timed
    def log_yaml(self, mapping: Mapping[str, Any], path: str) -> None:
        """Log plain data as a YAML file."""
        text = yaml.safe_dump(dict(mapping), sort_keys=False, allow_unicode=True)
        self._stage(path, lambda target: target.write_text(text, "utf-8"))
        self._append("artifact", path=path)

    @_timed
    def log_artifact(self, local_path: Path, directory: str | None = None) -> None:
        """Log a file or a folder as it is now, below `directory` of the artifacts."""
        path = f"{directory}/{local_path.name}" if directory else local_path.name
        copy: Callable[[Path], object] = functools.partial(
            shutil.copytree if local_path.is_dir() else shutil.copyfile, local_path
        )
        self._stage(path, copy)
        self._append("artifact", path=path)

    @_timed
    def log_dataset(
        self,
        name: str,
        source: str,
        digest: str,
        n_rows: int,
        context: str,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        """Log a data set as an input of the run.

        Args:
            name: Its name, one per split: MLflow knows a data set by name and digest.
            source: Where it came from: a path, an address, a hub's name.
            digest: Its fingerprint; MLflow keeps 36 characters.
            n_rows: Number of rows.
            context: What the run used it for: training, validation, test, calibration.
            columns: MLflow types (string, long, double, …) by column name.
        """
        self._append(
            "dataset", dataset=limits.dataset(name, source, digest, n_rows, columns or {}), context=context
        )

    def describe(self, markdown: str) -> None:
        """Set the text that MLflow shows on the run's page."""
        self.set_tags({limits.NOTE_TAG: markdown})

    @_timed
    def log_model(self, model: PyfuncModel, name: str = "model", card: str = "") -> None:
        """Log a trained model, so that `mlflow.pyfunc.load_model("models:/…")` predicts from texts.

        With `register` in the settings it also becomes a version of that registered model.

        Args:
            model: What MLflow needs to know of it.
            name: The model's name in the run.
            card: What people should know of it, in Markdown; `MODEL_URI` and `TRACKING_URI` are replaced.
        """
        from whytrain.tracking.models.package import package_model

        path = f"models/{name}"
        self._stage(path, lambda target: package_model(model, target))
        register = self.settings.register
        # Named by the run: what a resumed run logs again is the model that it logged before.
        made_once = uuid.uuid5(uuid.NAMESPACE_OID, f"{self.run_id}/{name}").hex
        self._append("model", path=path, name=name, id=made_once, card=card, register=register)

    @_timed
    def flush(self) -> None:
        """Send what was logged, or see that it survives a loss of power; call it before every checkpoint.

        Raises:
            TrackingError: If the disk is full.
        """
        self._send(is_last=False)

    @_timed
    def close(self, status: Status) -> None:
        """End the run; what cannot be sent stays in the spool, see `summary`. A full disk does not raise."""
        if self._is_closed:
            return
        self._is_closed = True
        if status == "FINISHED":
            shutil.rmtree(self.directory / _DRAWINGS, ignore_errors=True)
        end: Operation = {"op": "status", "status": status, "time": now()}
        try:
            self._spool.append(end)
            self._send(is_last=True)
        except TrackingError as error:
            _log.warning("tracking: %s", error)
            self._note(attempt(lambda: self._delivery.send_status(end)))
        finally:
            self._folder.release()

    def summary(self) -> str | None:
        """Say in one line what could not be sent; None where MLflow has everything."""
        backlog = describe(self._spool.pending())
        if backlog is None:
            return None
        where = shlex.quote(str(self.directory.parents[1]))
        replay = f"python -m whytrain.tracking --directory {where} replay {self.run_id}"
        return (
            f"{backlog} of run {self.run_name} could not be sent to {self._delivery.uri} and wait in "
            f"{self._spool.directory}: send them with `{replay}`"
        )

    def _append(self, op: str, **fields: Any) -> None:
        self._spool.append({"op": op, **fields})

    def _stage(self, path: str, write: Callable[[Path], object]) -> None:
        target = self._spool.stage(path)
        try:
            write(target)
        except OSError as error:
            raise full_disk(error, self.directory) from error

    def _keep(self, drawn: Path, name: str) -> None:
        kept = self.directory / _DRAWINGS / name
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(drawn, kept)
        except OSError as error:
            raise full_disk(error, self.directory) from error

    def _send(self, *, is_last: bool) -> None:
        self._spool.rotate()
        if is_last or self._patience.is_time():
            self._note(attempt(self._send_pending))
        self._spool.sync()

    def _send_pending(self) -> None:
        for segment in self._spool.pending():
            self._delivery.send(segment)
            if self._delivery.remote_id is not None:
                self._folder.record_remote(self._delivery.remote_id)
            segment.remove()

    def _note(self, failure: Failure | None) -> None:
        if failure is not None:
            self._failed(failure)
        elif self.offline:
            self._patience.succeeded()
            _log.warning("tracking: %s is back, and has everything so far", self._delivery.uri)

    def _failed(self, failure: Failure) -> None:
        if not self.offline:
            reason = in_one_line(failure.error)
            if isinstance(failure.error, TrackingError):  # not the server: what the user has to mend
                _log.warning("tracking: %s; the run goes on", failure.error)
                self._patience.failed(failure.cost_s)
                return
            _log.warning(
                "tracking: %s is out of reach (%s); the run goes on and is kept in %s",
                self._delivery.uri,
                reason,
                self._spool.directory,
            )
        self._patience.failed(failure.cost_s)
