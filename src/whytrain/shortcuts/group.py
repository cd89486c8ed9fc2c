"""Many words that mislead together: none of them is sure alone, all of them are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from whytrain.shortcuts.features import Text
from whytrain.shortcuts.word_weights import WordWeights
from whytrain.statistics.intervals import Interval

MOST_WORDS = 300  # of a group
FEWEST_ROWS = 50  # as many of each class: of fewer the interval is not to be trusted
FOLDS, SPLITS = 10, 10  # the rows are cut into so many parts, so many times
LEVEL = 0.98  # of the interval: a chance of 1% that words which say nothing seem to mislead
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WordGroup:
    """Words whose sum over the check rows speaks against the true class.

    Attributes:
        words: those that mislead most first; 300 at most.
        share: of the average decision that such words, chosen on other rows, take from the true class of a
            check row: mean over rows with its interval (98%). The average decision is what all words of a
            check row say for the class that they speak for, mean over rows.
        n_rows: check rows that were looked at.
    """

    words: tuple[str, ...]
    share: Interval
    n_rows: int

    @property
    def is_shortcut(self) -> bool:
        """Whether the words mislead beyond chance."""
        return self.share.low > 0


def misleading_group(
    weights: WordWeights,
    texts: Sequence[Text],
    labels: NDArray[np.int64],
    *,
    known: Collection[str],
    generator: np.random.Generator,
) -> WordGroup | None:
    """Test by cross-fitting whether the words that mislead on some check rows mislead on others, too.

    Words that speak against the true class in all on nine tenths of the rows are summed up in each row of the
    last tenth, for each tenth: words that mislead by chance on some rows help on the others. Each class
    counts alike: else what tells a rare one seems to mislead.

    Args:
        weights: what words say to the model.
        texts: the check rows.
        labels: int64 (n,), their classes.
        known: words that count: those of the training texts that are no shortcut of their own.
        generator: of the tenths.

    Returns:
        The group, convicted or not; None for too few rows, or no word that misleads.
    """
    names, classes = np.array(list(weights.columns)), [np.flatnonzero(labels == k) for k in np.unique(labels)]
    fewest = min(map(len, classes))
    if len(classes) < 2 or fewest < 2 or len(classes) * fewest < FEWEST_ROWS:
        return None
    counted = np.isin(names, list(known))
    names, adds = names[counted], weights.toward_true(texts, labels)[:, counted]
    alike = np.empty(len(labels))  # what a row weighs
    for rows in classes:
        alike[rows] = 1 / len(rows)

    def misleading(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the columns of the words that mislead in these rows, those that do so most first."""
        totals = alike[rows] @ adds[rows]
        first = np.argsort(totals, kind="stable")[:MOST_WORDS]
        chosen: NDArray[np.int64] = first[totals[first] < 0]
        return chosen

    every = np.arange(len(labels))
    words = names[misleading(every)]
    if not len(words):
        return None
    added = np.zeros(len(labels))
    for _ in range(SPLITS):
        for fold in np.array_split(generator.permutation(every), FOLDS):
            chosen = misleading(np.setdiff1d(every, fold))
            added[fold] += adds[fold][:, chosen].sum(axis=1) / SPLITS
    taken = -added / weights.decision(texts)
    share = _mean_of_classes([taken[rows] for rows in classes])
    return WordGroup(words=tuple(words.tolist()), share=share, n_rows=len(labels))


def _mean_of_classes(values: Sequence[Floats]) -> Interval:
    """Return the mean over classes of the means of their rows, with Student's interval."""
    mean = float(np.mean([of_class.mean() for of_class in values]))
    error = sum(of_class.var(ddof=1) / len(of_class) for of_class in values) ** 0.5 / len(values)
    reach = error * float(special.stdtrit(sum(map(len, values)) - len(values), (1 + LEVEL) / 2))
    return Interval(estimate=mean, low=mean - reach, high=mean + reach, level=LEVEL)
