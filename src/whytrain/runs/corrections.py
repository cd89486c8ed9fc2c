"""The training labels that a run doubts, as a file that a person corrects for the next run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whytrain.diagnosis.evidence import TrainingRows
from whytrain.diagnosis.of_data import KNOWN

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

CORRECTIONS_PATH = "diagnosis/corrections.csv"


def log_corrections(store: Recorder, train: TrainingRows, class_names: Sequence[str]) -> None:
    """Keep the list; nothing where no label is doubted, or nobody could look."""
    doubts = train.doubts
    if doubts is not None and doubts.knowledge >= KNOWN and len(doubts.listed):
        table = doubts.table(train.ids, train.texts, class_names)
        store.log_text(table.to_csv(index=False), CORRECTIONS_PATH)
