"""What those who log see of a run's record: of `Store`, and of `MemoryStore`, which keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from whytrain.tracking.settings import TrackingSettings

if TYPE_CHECKING:
    import pandas as pd

    from whytrain.tracking.models.package import PyfuncModel
    from whytrain.types import Figure


class TableRecorder(Protocol):
    """What tables are logged to: a run that is being tracked, or one that has ended."""

    def log_table(
        self,
        frame: pd.DataFrame,
        topic: str,
        name: str | None = None,
        epoch: int | None = None,
        text_columns: Sequence[str] = (),
        version: int = 1,
    ) -> None:
        """Log a table; its text columns are hashed where text is private."""
        ...


class Recorder(TableRecorder, Protocol):
    """The record of one run; `whytrain.tracking.store.Store` says what each method keeps.

    Attributes:
        run_id: id of the run.
        run_name: the name that people see.
        directory: the run's folder on this machine.
        settings: where the run is tracked, and whether raw text may be.
        seconds: what tracking has cost so far.
        experiment_id: MLflow's id of the experiment; None as long as MLflow was out of reach.
    """

    run_id: str
    run_name: str
    directory: Path
    settings: TrackingSettings
    seconds: float

    @property
    def experiment_id(self) -> str | None:
        """MLflow's id of the experiment."""
        ...

    def log_params(self, params: Mapping[str, object]) -> None:
        """Log flat params."""
        ...

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set tags."""
        ...

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Log metrics of a step; a metric has one value per step, the first."""
        ...

    def log_figure(
        self, figure: Figure, topic: str, name: str | None = None, epoch: int | None = None
    ) -> None:
        """Log a figure."""
        ...

    def drawings(self) -> dict[str, bytes]:
        """Return the newest drawing of every figure as PNG, by `<topic>/<name or topic>`."""
        ...

    def log_text(self, text: str, path: str) -> None:
        """Log a text file."""
        ...

    def log_yaml(self, mapping: Mapping[str, Any], path: str) -> None:
        """Log plain data as a YAML file."""
        ...

    def log_artifact(self, local_path: Path, directory: str | None = None) -> None:
        """Log a file or a folder as it is now."""
        ...

    def log_dataset(
        self,
        name: str,
        source: str,
        digest: str,
        n_rows: int,
        context: str,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        """Log a data set as an input of the run."""
        ...

    def describe(self, markdown: str) -> None:
        """Set the text that people see on the run's page."""
        ...

    def log_model(self, model: PyfuncModel, name: str = "model", card: str = "") -> None:
        """Log a trained model."""
        ...

    def flush(self) -> None:
        """See that what was logged survives."""
        ...
