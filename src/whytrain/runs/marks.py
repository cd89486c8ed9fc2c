"""The marks that a run's diagnosis leaves for the next training: what it found to be a shortcut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whytrain.errors import TrackingError
from whytrain.shortcuts.marks import Mark, marks_text, parse_marks
from whytrain.tracking.reader import RunRecord, download

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

MARKS_PATH = "diagnosis/marks.yaml"
IDENTITY_MARKS_PATH = "diagnosis/identity_marks.yaml"


def log_marks(store: Recorder, marks: Sequence[Mark], path: str = MARKS_PATH) -> None:
    """Keep what a diagnosis found to be a shortcut, or identity terms that decide; nothing where none do."""
    if marks:
        store.log_text(marks_text(marks), path)


def read_found(run: RunRecord) -> list[Mark]:
    """Return what a run's diagnosis found to be a shortcut, and identity terms that decide.

    Raises:
        TrackingError: it found none, or kept no diagnosis.
    """
    found: list[Mark] = []
    missing: TrackingError | None = None
    for path in (MARKS_PATH, IDENTITY_MARKS_PATH):
        try:
            text = download(run, path).read_text("utf-8")
        except TrackingError as error:
            missing = missing or error
            continue
        found += parse_marks(text, f"{path} of {run.name}")
    if not found:
        assert missing is not None
        raise missing
    return found
