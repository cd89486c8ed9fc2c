"""Whether a network is better than the bag of words, in one sentence, and why that may be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whytrain.baselines.comparable import answered_right, gain_over_floor
from whytrain.metrics import ACCURACY
from whytrain.presentation.wording import with_interval
from whytrain.statistics.intervals import Interval, wilson_interval
from whytrain.statistics.mcnemar import mcnemar
from whytrain.statistics.phrases import interval_phrase
from whytrain.types import Predictions

Rows = Literal["validation sentences", "check rows"]
_USUAL: Rows = "validation sentences"
Outcome = Literal["better", "worse", "same", "alone"]
_ALL = "The share of texts whose labels are all right"
_ALIKE = "; it gives every text the same answer"
_WORDS = {"better": "is better than", "worse": "is worse than", "same": "cannot be told from"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What can be said of a run's best epoch.

    Attributes:
        outcome: against the bag of words; `same` where the two cannot be told apart, `alone` without one.
        sentence: the same in words, with the accuracy and its interval.
        reason: the difference on the same sentences and its test; empty without a bag of words.
    """

    outcome: Outcome
    sentence: str
    reason: str


def verdict(best: Predictions, floor: NDArray[np.int64] | None, rows: Rows = _USUAL) -> Verdict:
    """Judge predictions against those of the bag of words on the same sentences.

    A difference is claimed where its interval leaves out 0, see `whytrain.baselines.comparable`.

    Args:
        best: of the best epoch.
        floor: the bag of words' answers, in the form of labels; None: unknown.
        rows: what the sentences are; where they are not the usual ones, the sentence says so.
    """
    right = best.right
    alike = _ALIKE if gives_one_answer(best) else ""
    where = f" on {right.size:,} {rows if right.size > 1 else rows.removesuffix('s')}"
    if floor is None or right.size < 2:
        alone = f"Accuracy {value_phrase(best)}" if best.exclusive else f"{_ALL} is {value_phrase(best)}"
        return Verdict(outcome="alone", sentence=f"{alone}{where}{alike}.", reason="")
    right_floor = answered_right(floor, best.labels)
    tested = mcnemar(right, right_floor)
    difference = gain_over_floor(right, right_floor)
    outcome = _outcome(difference)
    said = value_phrase(best) + (where if rows != _USUAL else "")
    said = f"Accuracy {said}" if best.exclusive else f"{_ALL}, {said},"
    return Verdict(
        outcome=outcome,
        sentence=f"{said} {_WORDS[outcome]} the bag of words' {right_floor.mean():.3f}{alike}.",
        reason=f"On the same {right.size:,} {rows}: {interval_phrase(ACCURACY, difference)} "
        f"(McNemar's test: p = {tested.p_value:.2g}). The network alone is right on {tested.only_a:,}, "
        f"the bag of words alone on {tested.only_b:,}.",
    )


def gives_one_answer(predictions: Predictions) -> bool:
    """Whether every text is given the same, though not all are labelled so: nothing was learned yet."""
    one, of_labels = (np.unique(rows, axis=0) for rows in (predictions.decided, predictions.labels))
    return len(one) == 1 < len(of_labels)


def value_phrase(predictions: Predictions) -> str:
    """Return an accuracy with its 95% Wilson interval, such as "0.774 [0.748, 0.798]"."""
    return with_interval(wilson_interval(int(predictions.right.sum()), predictions.right.size))


def _outcome(difference: Interval) -> Literal["better", "worse", "same"]:
    if difference.contains(0):
        return "same"
    return "better" if difference.estimate > 0 else "worse"
