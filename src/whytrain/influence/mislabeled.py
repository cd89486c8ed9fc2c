r"""Training rows whose label is probably wrong: what several sources say, as one list.

Each source has a doubt about every row, and a vote:

- `held_out`: a model that did not learn from the row. Doubt: 1 − its probability of the label.
- `while_training`: the network, over all its epochs, before and after it learned the row by heart
  (`whytrain.influence.row_history`). Doubt: likewise.
- `best_weights`: the network of the epoch that was best on other rows. Doubt: likewise.
- `self_influence`: how hard the row had to pull the network to its own label. Doubt: that sum.

The first three vote by confident learning: with t_j the mean probability of class j over rows labeled j, a
row confidently belongs to j = argmax of p_j over the classes with p_j ≥ t_j; a vote says: to another class
than its label. Self-influence has no threshold of its own: it votes for as many rows, those with the most, as
the mean of the probabilities would. The score of a row is the mean over the sources of its doubt's normal
score Φ⁻¹(rank): each source counts alike, whatever its scale. Listed are as many rows with the largest
scores, as far as two sources vote against them.

References:
    Northcutt, Jiang, Chuang (2021), Confident learning: estimating uncertainty in dataset labels, equations 1
    and 2; Pruthi et al. (2020), section 4.1; Swayamdipta et al. (2020), section 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

Array = NDArray[np.float64]

LEAST_VOTES = 2  # of the sources, for a row to be listed


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelDoubts:
    """What is to be thought of n labels.

    Attributes:
        labels: int64 (n,), as given.
        score: float64 (n,), the agreed doubt: 0 on average, above 2 for few.
        votes: bool (n, n_sources), by source in the order of `doubts`.
        doubts: by source float64 (n,), the larger the more doubtful.
        suggested: int64 (n,), the most probable class other than the label.
        n_expected: how many labels the mean of the probabilities contradicts.
        knowledge: share of labels that it gets right, 0 to 1.
    """

    labels: NDArray[np.int64]
    score: Array
    votes: NDArray[np.bool_]
    doubts: dict[str, Array]
    suggested: NDArray[np.int64]
    n_expected: int
    knowledge: float

    @property
    def agreement(self) -> NDArray[np.int64]:
        """How many sources vote against each label, int64 (n,)."""
        found: NDArray[np.int64] = self.votes.sum(axis=1)
        return found

    @property
    def listed(self) -> NDArray[np.int64]:
        """The most doubtful rows, int64, in this order."""
        rows = np.argsort(-self.score, kind="stable")[: self.n_expected]
        return rows[self.agreement[rows] >= LEAST_VOTES]

    def table(self, ids: Sequence[str], texts: Sequence[str], class_names: Sequence[str]) -> pd.DataFrame:
        """Return the listed rows as people correct them.

        Args:
            ids: of all n rows.
            texts: likewise.
            class_names: of the classes 0, 1, ….

        Returns:
            One row each: `id`; `label`, as it is, to be corrected; `suggested_label`; `score`; `agreement`;
            the doubt of each source; `text`.
        """
        rows = self.listed
        columns = {
            "id": [ids[row] for row in rows],
            "label": [class_names[label] for label in self.labels[rows]],
            "suggested_label": [class_names[label] for label in self.suggested[rows]],
            "score": self.score[rows].round(3),
            "agreement": self.agreement[rows],
            **{name: doubt[rows].round(4) for name, doubt in self.doubts.items()},
            "text": [texts[row] for row in rows],
        }
        return pd.DataFrame(columns)


def label_doubts(
    labels: NDArray[np.int64], answers: Mapping[str, Array], self_influence: Array | None
) -> LabelDoubts:
    """Bring the sources together.

    Args:
        labels: int64 (n,), class indices.
        answers: probabilities by source, float64 (n, n_classes).
        self_influence: float64 (n,); None where nobody knows.
    """
    rows, mean = np.arange(len(labels)), np.mean(list(answers.values()), axis=0)
    n_expected = int(contradicted(mean, labels).sum())
    doubts = {name: 1 - p[rows, labels] for name, p in answers.items()}
    votes = [contradicted(p, labels) for p in answers.values()]
    if self_influence is not None:
        doubts["self_influence"] = self_influence
        votes.append(rankdata(-self_influence, method="ordinal") <= n_expected)
    others = mean.copy()
    others[rows, labels] = -1.0
    return LabelDoubts(
        labels=labels,
        score=np.mean([normal_scores(doubt) for doubt in doubts.values()], axis=0),
        votes=np.column_stack(votes),
        doubts=doubts,
        suggested=others.argmax(axis=1),
        n_expected=n_expected,
        knowledge=float((mean.argmax(axis=1) == labels).mean()),
    )


def normal_scores(values: Array) -> Array:
    """Return Φ⁻¹((rank − ½) / n) of each value, float64 (n,); equal values share their mean rank.

    >>> normal_scores(np.array([3.0, 1.0, 2.0])).round(2).tolist()
    [0.97, -0.97, 0.0]
    """
    return np.asarray(norm.ppf((rankdata(values) - 0.5) / len(values)))


def contradicted(probabilities: Array, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows confidently belong to another class than their label's, bool (n,)."""
    confident = confident_classes(probabilities, mean_confidence(probabilities, labels))
    found: NDArray[np.bool_] = (confident >= 0) & (confident != labels)
    return found


def mean_confidence(probabilities: Array, labels: NDArray[np.int64]) -> Array:
    """Return the mean probability of each class j over rows labeled j: t_j; 1 for a class without rows.

    Args:
        probabilities: float64 (n, n_classes).
        labels: int64 (n,).
    """
    of_class = [probabilities[labels == j, j] for j in range(probabilities.shape[1])]
    return np.array([own.mean() if len(own) else 1.0 for own in of_class])


def confident_classes(probabilities: Array, thresholds: Array) -> NDArray[np.int64]:
    """Return the class that each row confidently belongs to, −1 where there is none.

    Args:
        probabilities: float64 (n, n_classes).
        thresholds: float64 (n_classes,), t_j.

    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.9, 0.1]])
    >>> confident_classes(p, mean_confidence(p, np.array([0, 0, 1, 1]))).tolist()
    [0, -1, 1, 0]
    """
    # Up to rounding: a model that is equally sure of all rows of a class is as sure as their mean.
    reached = np.where(probabilities >= thresholds - 1e-12, probabilities, -1.0)
    return np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1)
