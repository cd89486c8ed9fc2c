"""On which rows a network and the bag of words can be compared: where neither has what was taken from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whytrain.statistics.intervals import Interval, mean_change, share_difference
from whytrain.statistics.mcnemar import mcnemar
from whytrain.types import Predictions

LEVEL = 0.05  # of the test that tells a network from the bag of words
# What is wrong with a comparison on validation rows, for people.
NOT_COMPARABLE = (
    "the network must not decide by the marked words, which validation rows still have and the bag of words "
    "may use: only labeled rows from where the model will be used can compare the two (data.check_path=FILE)"
)


def comparable_on(
    check: Predictions | None, validation: Predictions, *, is_marked: bool
) -> Literal["validation", "check"] | None:
    """Return the rows on which the two can be compared; None where there are none.

    These are the validation rows, which are more, unless they are unlike what the model will meet: where
    words were marked that must not decide, or where accuracy on the check rows is not what it is on them,
    beyond chance.

    Args:
        check: predictions on the check sample; None without one.
        validation: of the same weights on validation rows.
        is_marked: whether words were marked that must not decide.
    """
    if check is None:
        return None if is_marked else "validation"
    differs = not accuracy_change(check, validation).contains(0)
    return "check" if is_marked or differs else "validation"


def answered_right(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows are answered right, of label sets wholly, (n,)."""
    right: NDArray[np.bool_] = (answers == labels).reshape(len(labels), -1).all(axis=1)
    return right


def gain_over_floor(right: NDArray[np.bool_], right_floor: NDArray[np.bool_]) -> Interval:
    """Return the accuracy of a network minus that of the bag of words, paired over n rows, at least 2.

    The bootstrap's interval; where McNemar's exact test cannot tell the two apart, it reaches 0: of few rows
    that are judged differently the bootstrap is too sure.

    Args:
        right: bool (n,), what the network gets right.
        right_floor: bool (n,), what the bag of words gets right.
    """
    change = mean_change(right.astype(np.float64) - right_floor)
    if mcnemar(right, right_floor).p_value <= LEVEL:
        return change
    return replace(change, low=min(change.low, 0.0), high=max(change.high, 0.0))


def accuracy_change(elsewhere: Predictions, here: Predictions) -> Interval:
    """Return accuracy on rows from elsewhere minus that on other rows of the same weights, unpaired."""
    there, at_home = elsewhere.right, here.right
    return share_difference(int(there.sum()), there.size, int(at_home.sum()), at_home.size)
