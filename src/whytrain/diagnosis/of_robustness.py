"""Detectors over texts that were changed a little."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Measurement, NotExamined, mean_measurement
from whytrain.robustness.typing_errors import mistyped
from whytrain.types import Predictions

WORDS = 2  # of a sentence that are mistyped
_MOST = 1000  # sentences that are mistyped
_FEWEST = 30  # of which the mean says something

PredictTexts = Callable[[list[str], NDArray[np.int64]], Predictions]  # texts with their labels


def lost_to_typos(run: RunEvidence) -> Measurement | NotExamined:
    """Accuracy on validation sentences minus that on the same with a typing error in two words each.

    Words and errors are drawn; sentences without long enough words are left out.
    """
    if run.validation.right_mistyped is None:
        return NotExamined("this run did not ask about mistyped sentences; train it again")
    asked = np.flatnonzero(~np.isnan(run.validation.right_mistyped))
    if len(asked) < _FEWEST:
        return NotExamined(f"fewer than {_FEWEST} validation sentences have words that can be mistyped")
    right, mistyped_right = run.validation.predictions.right[asked], run.validation.right_mistyped[asked]
    lost = right.astype(np.float64) - mistyped_right
    ids = [run.validation.ids[row] for row in asked]
    detail = (
        f"Of {len(asked):,} new texts {right.mean():.1%} are classified right, and "
        f"{mistyped_right.mean():.1%} when in two words of each one letter is wrong."
    )
    return mean_measurement(dict(zip(ids, lost.tolist(), strict=True)), "points", detail=detail)


def right_when_mistyped(
    texts: Sequence[str], labels: NDArray[np.int64], predict: PredictTexts
) -> NDArray[np.float64]:
    """Return which sentences are classified right with typing errors: 1 or 0, NaN for those not asked about.

    Args:
        texts: the sentences; of many, some are drawn.
        labels: of them, in the task's form.
        predict: the model.
    """
    generator = np.random.default_rng(0)  # the same errors for every run
    drawn = np.sort(generator.permutation(len(texts))[:_MOST])
    changed = {row: mistyped(texts[row], WORDS, generator) for row in drawn.tolist()}
    asked = [row for row, text in changed.items() if text != texts[row]]
    right = np.full(len(texts), np.nan)
    if asked:
        right[asked] = predict([changed[row] for row in asked], labels[asked]).right
    return right
