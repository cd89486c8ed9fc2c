"""A run's validation rows with what its model says of them, row by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from whytrain.metrics.calibration import SMALLEST_PROBABILITY
from whytrain.runs.predictions import StoredPredictions, read_predictions
from whytrain.runs.sentences import read_sentences
from whytrain.tracking.reader import RunRecord


def validation_rows(run: RunRecord) -> pd.DataFrame:
    """Return one row per validation row: id, text, label, prediction, right, probability, loss.

    `probability` is that of the predicted class, of labels that do not exclude each other the least sure
    one's; `loss` is that of the true labels, in nats.

    Raises:
        TrackingError: the run recorded none.
    """
    told, sentences = read_predictions(run), read_sentences(run)
    texts = dict(zip(sentences["id"], sentences["text"], strict=True))
    return judged_rows(told, [texts[key] for key in told.ids])


def judged_rows(told: StoredPredictions, texts: Sequence[str]) -> pd.DataFrame:
    """Return a table as that of `validation_rows` of predictions and the texts of their rows."""
    p, task = told.probabilities, told.task
    if task.exclusive:
        sure = p.max(axis=1)
        true = p[np.arange(len(p)), told.labels]
    else:
        sure = np.maximum(p, 1 - p).min(axis=1)
        true = np.where(told.labels == 1, p, 1 - p).prod(axis=1)
    return pd.DataFrame(
        {
            "id": told.ids.astype(str),
            "text": texts,
            "label": told.shown,
            "prediction": task.show(task.decisions(p), told.class_names),
            "right": told.right,
            "probability": sure,
            "loss": -np.log(np.maximum(true, SMALLEST_PROBABILITY)),
        }
    )
