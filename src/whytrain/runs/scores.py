"""How methods of explanation scored on a run's model: what says which of them to believe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whytrain.runs.table import TableRecord
from whytrain.tracking.reader import RunRecord

if TYPE_CHECKING:
    import pandas as pd

    from whytrain.tracking.finished_run import FinishedRun

# One row per score and method, see `ScoredMethods.to_frame`.
_RECORD = TableRecord(
    topic="scores",
    columns=("score", "method", "mean", "low", "high", "n_texts", "place", "above_random"),
)


def log_scores(run: FinishedRun, frame: pd.DataFrame) -> None:
    """Keep the newest scores of a run's model.

    Raises:
        TrackingError: the run cannot be reached.
    """
    _RECORD.log(run, frame)


def read_scores(run: RunRecord) -> pd.DataFrame:
    """Return the newest scores of a run's model.

    Raises:
        TrackingError: its explanations were never scored.
    """
    return _RECORD.read(run)
