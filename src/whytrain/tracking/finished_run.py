"""What is found out about a finished run later, kept with it: files among its artifacts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from whytrain.errors import TrackingError
from whytrain.tracking.backoff import in_one_line
from whytrain.tracking.connection import connect
from whytrain.tracking.tables import table_files

if TYPE_CHECKING:
    import pandas as pd

    from whytrain.tracking.reader import RunRecord


class FinishedRun:
    """A run that has ended, and that more files are kept with; status and times stay as they are.

    Its method names are those of `whytrain.tracking.recorder.Recorder`.
    """

    def __init__(self, run: RunRecord, *, log_text: bool) -> None:
        """Store the run.

        Args:
            run: the run.
            log_text: whether tables may hold raw text.
        """
        self.run, self.log_text = run, log_text

    def log_table(
        self,
        frame: pd.DataFrame,
        topic: str,
        name: str | None = None,
        epoch: int | None = None,
        text_columns: Sequence[str] = (),
        version: int = 1,
    ) -> None:
        """Keep a table, in the place of one of the same name; a small one also as CSV.

        Raises:
            TrackingError: the run cannot be reached.
        """
        hidden = () if self.log_text else text_columns
        for path, write in table_files(frame, topic, name, epoch, hidden, version):
            self._send(path, write)

    def log_artifact(self, local_path: Path, directory: str) -> None:
        """Keep a file in a folder of the artifacts, in the place of one of the same name.

        Raises:
            TrackingError: the run cannot be reached.
        """
        self._send(
            f"{directory}/{local_path.name}", lambda target: target.write_bytes(local_path.read_bytes())
        )

    def log_metrics(self, values: Mapping[str, float]) -> None:
        """Keep numbers, the newest of each name.

        Raises:
            TrackingError: the run cannot be reached.
        """
        try:
            for name, value in values.items():
                connect(self.run.uri).log_metric(self.run.run_id, name, value)
        except Exception as error:  # each kind of store raises its own
            raise TrackingError(f"run {self.run.name} keeps no metrics ({in_one_line(error)})") from error

    def _send(self, path: str, write: Callable[[Path], object]) -> None:
        folder, _, name = path.rpartition("/")
        with tempfile.TemporaryDirectory(prefix="whytrain-") as staging:
            write(Path(staging) / name)
            try:
                connect(self.run.uri).log_artifact(self.run.run_id, str(Path(staging) / name), folder)
            except Exception as error:  # each kind of artifact store raises its own
                raise TrackingError(
                    f"run {self.run.name} cannot keep {path} ({in_one_line(error)})"
                ) from error
