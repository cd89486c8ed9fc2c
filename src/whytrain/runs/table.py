"""A table among a run's records: where it lies, what it must hold, which version of it this is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whytrain.errors import TrackingError
from whytrain.tracking.reader import RunRecord, read_table

if TYPE_CHECKING:
    import pandas as pd

    from whytrain.tracking.recorder import TableRecorder


@dataclass(frozen=True, kw_only=True)
class TableRecord:
    """How a table is written and read back.

    Attributes:
        topic: its folder.
        name: its file, where the topic has several tables.
        version: raised where readers of older tables would misread it.
        columns: what readers rely on; a table may hold more.
        text_columns: which of them hold words or sentences, hashed where a run keeps its text private.
        renamed: what columns are called now, by what they were called in runs that are tracked already.
    """

    topic: str
    name: str | None = None
    version: int = 1
    columns: tuple[str, ...]
    text_columns: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)

    def log(self, store: TableRecorder, frame: pd.DataFrame, epoch: int | None = None) -> None:
        """Log the table, of an epoch (from 1) or of the whole run."""
        missing = [column for column in self.columns if column not in frame]
        assert not missing, f"{self.topic}/{self.name}: no columns {missing}"
        store.log_table(
            frame, self.topic, self.name, epoch, text_columns=self.text_columns, version=self.version
        )

    def read(self, run: RunRecord, epoch: int | None = None) -> pd.DataFrame:
        """Return the table of a run.

        Raises:
            TrackingError: the run has none, or one of a version that cannot be read.
        """
        frame = read_table(run, self.topic, epoch, self.name)
        where = f"the table {self.topic}/{self.name or self.topic} of run {run.name}"
        version = frame.attrs["version"]
        if version > self.version:
            raise TrackingError(
                f"{where} has version {version}, this whytrain reads up to {self.version}: update it"
            )
        frame = frame.rename(columns=self.renamed)
        missing = [column for column in self.columns if column not in frame]
        if missing:
            raise TrackingError(
                f"{where} has no column {', '.join(missing)}: another version of whytrain tracked it; train "
                "the run again"
            )
        return frame
