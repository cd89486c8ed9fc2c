"""What a run's model says of every validation sentence, epoch by epoch: what runs are compared on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.errors import TrackingError
from whytrain.runs.table import TableRecord
from whytrain.tasks import CLASSIFICATION, TASKS, Task
from whytrain.tracking.reader import RunRecord
from whytrain.types import Predictions

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

# And per class its `probability_…` and `logit_…`, in the order of the run's class indices.
_COLUMNS = ("id", "label")
_RECORD = TableRecord(topic="predictions", columns=_COLUMNS)
POSITIVE_CLASS = "positive_class"  # the param that names it, of runs with two classes
TASK = "task"  # the param that names it; runs of earlier versions lack it, and are classifications
_PROBABILITY, _LOGIT = "probability_", "logit_"


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredPredictions:
    """The predictions of a run as it stored them.

    Attributes:
        ids: object (n,), of the sentences.
        labels: int64 (n,), positions in `class_names`; or 0 or 1, (n, n_labels).
        class_names: in the order of the run's class indices.
        logits: float64 (n, n_classes).
        probabilities: float64 (n, n_classes).
        task: what the labels mean.
    """

    ids: NDArray[Any]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    logits: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    task: Task = CLASSIFICATION

    @property
    def shown(self) -> list[str]:
        """The labels as people read them."""
        return self.task.show(self.labels, self.class_names)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether everything about a row is decided right, bool (n,)."""
        return Predictions(logits=self.logits, labels=self.labels).right


def positive_class(run: RunRecord, class_names: Sequence[str]) -> str | None:
    """Return the class that a run's F1 is about: what it says, else its second; None for more than two."""
    if len(class_names) != 2 or not task_of(run).exclusive:
        return None
    said = run.params.get(POSITIVE_CLASS)
    return said if said in class_names else class_names[1]


def task_of(run: RunRecord) -> Task:
    """Return what a run was trained for."""
    return TASKS[run.params.get(TASK, CLASSIFICATION.name)]


def log_predictions(
    store: Recorder,
    ids: Sequence[str],
    result: Predictions,
    class_names: Sequence[str],
    epoch: int,
    task: Task = CLASSIFICATION,
) -> None:
    """Log an epoch's predictions.

    Args:
        store: of the run.
        ids: of the sentences.
        result: of the model as it is after the epoch.
        class_names: all of them.
        epoch: from 1.
        task: what the labels mean.
    """
    _RECORD.log(store, prediction_table(ids, result, class_names, task), epoch)


def log_outside(
    store: Recorder,
    name: str,
    ids: Sequence[str],
    result: Predictions,
    class_names: Sequence[str],
    task: Task = CLASSIFICATION,
) -> None:
    """Log what the best weights say of rows from elsewhere.

    Args:
        store: of the run.
        name: of the rows, as in `whytrain.data.corpus.Corpus.outside`.
        ids: of the sentences.
        result: the predictions.
        class_names: all of them.
        task: what the labels mean.
    """
    _outside(name).log(store, prediction_table(ids, result, class_names, task))


def _outside(name: str) -> TableRecord:
    return TableRecord(topic="predictions", name=name.replace("/", "_"), columns=_COLUMNS)


def prediction_table(
    ids: Sequence[str], result: Predictions, class_names: Sequence[str], task: Task = CLASSIFICATION
) -> pd.DataFrame:
    """One row per sentence: id, label, prediction, whether it is right, probabilities and logits by class."""
    columns: dict[str, Any] = {
        "id": ids,
        "label": task.show(result.labels, class_names),
        "prediction": task.show(result.decided, class_names),
        "right": result.right,
    }
    by_class = zip(class_names, result.probabilities.T, strict=True)
    columns |= {f"{_PROBABILITY}{name}": values for name, values in by_class}
    columns |= {f"{_LOGIT}{name}": z for name, z in zip(class_names, result.logits.T, strict=True)}
    return pd.DataFrame(columns)


def read_predictions(run: RunRecord, outside: str | None = None) -> StoredPredictions:
    """Return the predictions of a run's best epoch.

    Args:
        run: the run.
        outside: which rows from elsewhere, such as `check` or `evaluation/clean`; None: the validation rows.

    Raises:
        TrackingError: the run has no best epoch, or did not record its predictions.
    """
    if "best/epoch" not in run.metrics:
        raise TrackingError(f"run {run.name} has no best epoch: it trained nothing")
    if outside is not None:
        frame = _outside(outside).read(run)
    else:
        try:
            frame = _RECORD.read(run, int(run.metrics["best/epoch"]))
        except TrackingError as error:
            hint = "a run keeps some with callbacks=predictions, and none with callbacks=none"
            raise TrackingError(f"{error}; {hint}") from error
    columns, task = [str(column) for column in frame], task_of(run)
    names = [c.removeprefix(_PROBABILITY) for c in columns if c.startswith(_PROBABILITY)]
    return StoredPredictions(
        ids=frame["id"].to_numpy(),
        labels=task.parse(frame["label"].tolist(), names),
        class_names=tuple(names),
        logits=frame[[f"{_LOGIT}{name}" for name in names]].to_numpy(np.float64),
        probabilities=frame[[f"{_PROBABILITY}{name}" for name in names]].to_numpy(np.float64),
        task=task,
    )
