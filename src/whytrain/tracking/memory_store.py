"""A run's record in memory: for notebooks and tests, where nothing shall be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from whytrain.tracking import limits
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.tables import artifact_path, hide

if TYPE_CHECKING:
    import pandas as pd

    from whytrain.tracking.models.package import PyfuncModel
    from whytrain.types import Figure


class MemoryStore:
    """Obeys `Recorder`, and holds what was logged as objects by their path among the artifacts.

    Attributes:
        params: as MLflow would hold them.
        tags: likewise.
        metrics: values by step, and by name.
        tables: as they would be read back, by path; text columns are hashed where text is private.
        text_columns: which these are, by the table's path.
        figures: by path; not drawn.
        texts: text and YAML files, by path.
        files: local files and folders, by path.
        datasets: name and number of rows of each input, by what it was used for.
    """

    run_id = "memory"
    experiment_id: str | None = None

    def __init__(
        self, directory: Path = Path("memory"), *, run_name: str = "memory", log_text: bool = True
    ) -> None:
        """Start empty.

        Args:
            directory: where those who log may leave files; nothing is written there by this one.
            run_name: the name that people see.
            log_text: whether tables may hold raw text.
        """
        self.directory, self.run_name, self.seconds = directory, run_name, 0.0
        self.settings = TrackingSettings(
            uri=None, experiment="memory", log_text=log_text, directory=str(directory), register=None
        )
        self.params: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.metrics: dict[int, dict[str, float]] = {}
        self.tables: dict[str, pd.DataFrame] = {}
        self.text_columns: dict[str, tuple[str, ...]] = {}
        self.figures: dict[str, Figure] = {}
        self.texts: dict[str, str] = {}
        self.files: dict[str, Path] = {}
        self.datasets: dict[str, tuple[str, int]] = {}

    def log_params(self, params: Mapping[str, object]) -> None:
        """Keep params."""
        self.params |= limits.texts(params, limits.PARAM_LENGTH)

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Keep tags."""
        self.tags |= limits.texts(tags, limits.TAG_LENGTH)

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Keep metrics; of one step the first value stays."""
        values = {limits.key(name): float(value) for name, value in metrics.items()}
        self.metrics[step] = values | self.metrics.get(step, {})

    def log_table(
        self,
        frame: pd.DataFrame,
        topic: str,
        name: str | None = None,
        epoch: int | None = None,
        text_columns: Sequence[str] = (),
        version: int = 1,
    ) -> None:
        """Keep a copy of a table."""
        path = artifact_path("tables", topic, name, epoch, "parquet")
        hidden = () if self.settings.log_text else text_columns
        self.text_columns[path] = tuple(text_columns)
        self.tables[path] = hide(frame, hidden).reset_index(drop=True)

    def log_figure(
        self, figure: Figure, topic: str, name: str | None = None, epoch: int | None = None
    ) -> None:
        """Keep a figure."""
        self.figures[artifact_path("figures", topic, name, epoch, "png")] = figure

    def drawings(self) -> dict[str, bytes]:
        """Return nothing: figures are kept as objects."""
        return {}

    def log_text(self, text: str, path: str) -> None:
        """Keep a text."""
        self.texts[path] = text

    def log_yaml(self, mapping: Mapping[str, Any], path: str) -> None:
        """Keep plain data as YAML."""
        self.texts[path] = yaml.safe_dump(dict(mapping), sort_keys=False, allow_unicode=True)

    def log_artifact(self, local_path: Path, directory: str | None = None) -> None:
        """Keep where a file or folder is."""
        self.files[f"{directory}/{local_path.name}" if directory else local_path.name] = local_path

    def log_dataset(
        self,
        name: str,
        source: str,
        digest: str,
        n_rows: int,
        context: str,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what a data set was used for."""
        self.datasets[context] = name, n_rows

    def describe(self, markdown: str) -> None:
        """Keep the text of the run's page."""
        self.set_tags({limits.NOTE_TAG: markdown})

    def log_model(self, model: PyfuncModel, name: str = "model", card: str = "") -> None:
        """Keep where the model is."""
        self.files[f"models/{name}"] = model.directory

    def flush(self) -> None:
        """Nothing waits to be sent."""
