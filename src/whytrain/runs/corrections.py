"""The training labels that a run doubts, as a file that a person corrects for the next run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from whytrain.diagnosis.evidence import TrainingRows

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

CORRECTIONS_PATH = "diagnosis/corrections.csv"


def log_corrections(store: Recorder, train: TrainingRows, class_names: Sequence[str]) -> None:
    """Keep the list; nothing where no label is doubted, or nobody could look."""
    if train.doubts is not None and len(train.doubts.listed):
        table = corrections(train, class_names)
        store.log_text(table.to_csv(index=False), CORRECTIONS_PATH)


def corrections(train: TrainingRows, class_names: Sequence[str]) -> pd.DataFrame:
    """Return the rows whose label is probably wrong, the most doubtful first.

    Args:
        train: with sources of doubt.
        class_names: of the classes 0, 1, ….

    Returns:
        One row each: `id`; `label`, as it is, for a person to correct; `suggested_label`; `score`;
        `agreement`, how many sources vote against the label; a column per source
        (`whytrain.influence.mislabeled.LabelDoubts`); `text`.
    """
    doubts = train.doubts
    assert doubts is not None
    rows = doubts.listed
    columns = {
        "id": [train.ids[row] for row in rows],
        "label": [class_names[label] for label in doubts.labels[rows]],
        "suggested_label": [class_names[label] for label in doubts.suggested[rows]],
        "score": doubts.score[rows].round(3),
        "agreement": doubts.agreement[rows],
        **{name: doubt[rows].round(4) for name, doubt in doubts.doubts.items()},
        "text": [train.texts[row] for row in rows],
    }
    return pd.DataFrame(columns)
