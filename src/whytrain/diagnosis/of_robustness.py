"""Detectors over texts that were changed a little."""

from __future__ import annotations

import numpy as np

from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Measurement, NotExamined, mean_measurement

_FEWEST = 30  # sentences of which the mean says something


def lost_to_typos(run: RunEvidence) -> Measurement | NotExamined:
    """Accuracy on validation sentences minus that with a wrong letter in the two words that matter most."""
    mistyped = run.validation.right_mistyped
    if mistyped is None:
        return NotExamined("this run did not ask about mistyped sentences; train it again")
    asked = np.flatnonzero(~np.isnan(mistyped))
    if len(asked) < _FEWEST:
        return NotExamined(f"fewer than {_FEWEST} validation sentences were mistyped")
    right = run.validation.predictions.right[asked]
    ids = [run.validation.ids[row] for row in asked.tolist()]
    lost = right.astype(np.float64) - mistyped[asked]
    detail = (
        f"Of {len(asked)} new texts {right.mean():.1%} are classified right, and "
        f"{mistyped[asked].mean():.1%} then."
    )
    return mean_measurement(dict(zip(ids, lost.tolist(), strict=True)), "points", detail=detail)
