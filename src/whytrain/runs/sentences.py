"""The sentences that a run judged, validation and from elsewhere; predictions refer to them by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from whytrain.data.corpus import Split
from whytrain.errors import DataError, TrackingError
from whytrain.runs.config import is_private
from whytrain.runs.table import TableRecord
from whytrain.tasks import CLASSIFICATION, Task
from whytrain.tracking.reader import RunRecord

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

_VALIDATION = "validation"


def _record(name: str) -> TableRecord:
    return TableRecord(
        topic="data", name=name.replace("/", "_"), columns=("id", "text", "label"), text_columns=("text",)
    )


def log_sentences(
    store: Recorder,
    split: Split,
    class_names: Sequence[str],
    task: Task = CLASSIFICATION,
    name: str = _VALIDATION,
) -> None:
    """Log the validation split, or `name` of `Corpus.outside`; `task` says what its labels mean."""
    labels = task.show(split.labels, class_names)
    frame = pd.DataFrame({"id": split.ids, "text": split.texts, "label": labels})
    _record(name).log(store, frame)


def read_sentences(run: RunRecord, name: str = _VALIDATION) -> pd.DataFrame:
    """Return the validation sentences, or those of `name`.

    Columns: `id`, `text` (its hash in a private run) and `label` (a class name).

    Raises:
        TrackingError: the run did not record them.
    """
    return _record(name).read(run)


def read_clear_texts(run: RunRecord) -> list[str]:
    """Return the texts of the validation sentences.

    Raises:
        DataError: the run keeps its text private, or kept none.
    """
    if is_private(run):
        raise DataError(
            f"run {run.name} keeps its text private (tracking.log_text=false): give the texts, file=FILE"
        )
    try:
        return [str(text) for text in read_sentences(run)["text"]]
    except TrackingError as error:
        raise DataError(
            f"run {run.name} kept no validation sentences (callbacks=none?): give the texts, "
            f"file=FILE{run.goes_on}"
        ) from error
