"""How faithful a student is to its teacher."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

from whytrain.errors import DataError
from whytrain.statistics.intervals import Interval, bootstrap_interval, wilson_interval
from whytrain.surrogates.students import LEAST

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fidelity:
    """A student beside its teacher on sentences that neither learned from.

    Attributes:
        agreement: share of sentences with the same predicted class.
        kl: mean KL(teacher ‖ student), nats.
        r_squared: 1 − Σ(t − s)² / Σ(t − t̄)² of the log-odds of teacher (t) and student (s) over sentences
            and, with more than two, classes; NaN where the teacher's are constant.
        agreement_on_errors: share of the teacher's errors that are also the student's; None without errors.
        accuracy: share of sentences classified right.
    """

    agreement: Interval
    kl: Interval
    r_squared: float
    agreement_on_errors: Interval | None
    accuracy: Interval


def fidelity(student: Array, teacher: Array, labels: NDArray[np.int64]) -> Fidelity:
    """Compare probabilities, float64 (n, n_classes) both; gold classes int64 (n,).

    Probabilities below 1e-6 count as 1e-6 in KL and log-odds.

    Raises:
        DataError: fewer than two sentences.
    """
    if len(labels) < 2:
        raise DataError(f"fidelity needs at least 2 validation sentences, there are {len(labels)}; give more")
    same = agrees(student, teacher)
    wrong = teacher.argmax(axis=1) != labels
    n_wrong = int(wrong.sum())
    return Fidelity(
        agreement=wilson_interval(int(same.sum()), len(same)),
        kl=bootstrap_interval(_mean, divergences(student, teacher)),
        r_squared=r_squared(student, teacher),
        agreement_on_errors=wilson_interval(int(same[wrong].sum()), n_wrong) if n_wrong else None,
        accuracy=wilson_interval(int((student.argmax(axis=1) == labels).sum()), len(labels)),
    )


def divergences(student: Array, teacher: Array) -> Array:
    """KL(teacher ‖ student) of each sentence, float64 (n,), nats."""
    divergence: Array = rel_entr(teacher, np.maximum(student, LEAST)).sum(axis=1)
    return divergence


def r_squared(student: Array, teacher: Array) -> float:
    """Share of the variance of the teacher's log-odds that the student's explain: see `Fidelity`.

    >>> teacher = np.array([[0.2, 0.8], [0.8, 0.2]])
    >>> round(r_squared(np.full((2, 2), 0.5), teacher), 6), r_squared(teacher, teacher)
    (0.0, 1.0)
    """
    t, s = log_odds(teacher), log_odds(student)
    spread = np.square(t - t.mean(axis=0)).sum()
    return float(1 - np.square(t - s).sum() / spread) if spread > 0 else float("nan")


def agreement_over(student: Array, other: Array, teacher: Array) -> Interval:
    """Share of sentences on which `student` agrees with the teacher minus that of `other`, paired.

    The interval is a bootstrap over sentences.
    """
    difference = agrees(student, teacher).astype(float) - agrees(other, teacher).astype(float)
    return bootstrap_interval(_mean, difference)


def divergence_below(student: Array, other: Array, teacher: Array) -> Interval:
    """Mean KL(teacher ‖ other) − KL(teacher ‖ student), nats, paired: how much closer `student` comes.

    The interval is a bootstrap over sentences.
    """
    return bootstrap_interval(_mean, divergences(other, teacher) - divergences(student, teacher))


def agrees(left: Array, right: Array) -> NDArray[np.bool_]:
    """Whether both predict the same class, bool (n,)."""
    same: NDArray[np.bool_] = left.argmax(axis=1) == right.argmax(axis=1)
    return same


def majority_agreement(taught: Array, teacher: Array) -> float:
    """Share of sentences on which the teacher's most frequent class agrees with it: the least to reach.

    Args:
        taught: the teacher's probabilities of the sentences that students learn from.
        teacher: those of the sentences on which they are judged.
    """
    counts = np.bincount(taught.argmax(axis=1), minlength=taught.shape[1])
    return float((teacher.argmax(axis=1) == counts.argmax()).mean())


def log_odds(probabilities: Array) -> Array:
    """Log p − log(1 − p): float64 (n, n_classes), of two classes (n, 1), the second one's."""
    own = probabilities[:, 1:] if probabilities.shape[1] == 2 else probabilities
    clipped = np.clip(own, LEAST, 1 - LEAST)
    odds: Array = np.log(clipped) - np.log1p(-clipped)
    return odds


def _mean(rows: Array) -> Array:
    mean: Array = rows.mean(axis=1)
    return mean
