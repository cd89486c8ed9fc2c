"""The training labels that a run doubts, as a file that a person corrects for the next run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from whytrain.diagnosis.evidence import TrainingRows
from whytrain.diagnosis.of_data import KNOWN
from whytrain.tracking.reader import RunRecord, download

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

CORRECTIONS_PATH = "diagnosis/corrections.csv"


def log_corrections(store: Recorder, train: TrainingRows, class_names: Sequence[str]) -> None:
    """Keep the list; nothing where no label is doubted, or nobody could look."""
    doubts = train.doubts
    if doubts is not None and doubts.knowledge >= KNOWN and len(doubts.listed):
        table = doubts.table(train.ids, train.texts, class_names)
        store.log_text(table.to_csv(index=False), CORRECTIONS_PATH)


def read_doubted(run: RunRecord) -> pd.DataFrame:
    """Return the list, the most doubtful first: text in the columns `id`, `label` and `suggested_label`.

    Raises:
        TrackingError: the run doubts no label, or did not look.
    """
    table = pd.read_csv(download(run, CORRECTIONS_PATH), dtype=str, keep_default_na=False)
    return table[["id", "label", "suggested_label"]]
