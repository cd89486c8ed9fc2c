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
from whytrain.tracking.reader import RunRecord
from whytrain.types import Predictions

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

# And per class its `probability_…` and `logit_…`, in the order of the run's class indices.
_RECORD = TableRecord(topic="predictions", columns=("id", "label"))
POSITIVE_CLASS = "positive_class"  # the param that names it, of runs with two classes
_PROBABILITY, _LOGIT = "probability_", "logit_"


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredPredictions:
    """The predictions of a run as it stored them.

    Attributes:
        ids: object (n,), of the sentences.
        labels: int64 (n,), positions in `class_names`.
        class_names: in the order of the run's class indices.
        logits: float64 (n, n_classes).
        probabilities: float64 (n, n_classes).
    """

    ids: NDArray[Any]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    logits: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the predicted class is the label, bool (n,)."""
        right: NDArray[np.bool_] = self.logits.argmax(axis=1) == self.labels
        return right


def positive_class(run: RunRecord, class_names: Sequence[str]) -> str | None:
    """Return the class that a run's F1 is about: what it says, else its second; None for more than two."""
    if len(class_names) != 2:
        return None
    said = run.params.get(POSITIVE_CLASS)
    return said if said in class_names else class_names[1]


def log_predictions(
    store: Recorder, ids: Sequence[str], result: Predictions, class_names: Sequence[str], epoch: int
) -> None:
    """Log an epoch's predictions.

    Args:
        store: of the run.
        ids: of the sentences.
        result: of the model as it is after the epoch.
        class_names: all of them.
        epoch: from 1.
    """
    _RECORD.log(store, prediction_table(ids, result, class_names), epoch)


def prediction_table(ids: Sequence[str], result: Predictions, class_names: Sequence[str]) -> pd.DataFrame:
    """One row per sentence: id, label, prediction, whether it is right, probabilities and logits by class."""
    predicted, names = result.logits.argmax(axis=1), np.array(class_names)
    columns: dict[str, Any] = {
        "id": ids,
        "label": names[result.labels],
        "prediction": names[predicted],
        "right": predicted == result.labels,
    }
    by_class = zip(class_names, result.probabilities.T, strict=True)
    columns |= {f"{_PROBABILITY}{name}": values for name, values in by_class}
    columns |= {f"{_LOGIT}{name}": z for name, z in zip(class_names, result.logits.T, strict=True)}
    return pd.DataFrame(columns)


def read_predictions(run: RunRecord) -> StoredPredictions:
    """Return the predictions of a run's best epoch.

    Raises:
        TrackingError: the run has no best epoch, or did not record its predictions.
    """
    if "best/epoch" not in run.metrics:
        raise TrackingError(f"run {run.name} has no best epoch: it trained nothing")
    frame = _RECORD.read(run, int(run.metrics["best/epoch"]))
    columns = [str(column) for column in frame]
    names = [c.removeprefix(_PROBABILITY) for c in columns if c.startswith(_PROBABILITY)]
    return StoredPredictions(
        ids=frame["id"].to_numpy(),
        labels=np.array([names.index(label) for label in frame["label"]], dtype=np.int64),
        class_names=tuple(names),
        logits=frame[[f"{_LOGIT}{name}" for name in names]].to_numpy(np.float64),
        probabilities=frame[[f"{_PROBABILITY}{name}" for name in names]].to_numpy(np.float64),
    )
