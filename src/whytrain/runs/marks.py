"""The marks that a run's diagnosis leaves for the next training: what it found to be a shortcut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whytrain.shortcuts.marks import Mark, marks_text, parse_marks
from whytrain.tracking.reader import RunRecord, download

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

MARKS_PATH = "diagnosis/marks.yaml"


def log_marks(store: Recorder, marks: Sequence[Mark]) -> None:
    """Keep what a diagnosis found to be a shortcut; nothing where it found none."""
    if marks:
        store.log_text(marks_text(marks), MARKS_PATH)


def read_found(run: RunRecord) -> list[Mark]:
    """Return what a run's diagnosis found to be a shortcut.

    Raises:
        TrackingError: it found none, or kept no diagnosis.
    """
    return parse_marks(download(run, MARKS_PATH).read_text("utf-8"), f"{MARKS_PATH} of {run.name}")
