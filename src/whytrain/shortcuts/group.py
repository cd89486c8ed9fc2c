"""Many words that mislead together: none of them is sure alone, all of them are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.shortcuts.effects import Asked
from whytrain.shortcuts.features import Text
from whytrain.statistics.intervals import Interval
from whytrain.statistics.pseudomedian import pseudomedian_interval

MOST_QUESTIONS = 12_000  # about check texts without one of their words
MOST_WORDS = 1_000  # of a group
FEWEST_ROWS = 50  # as many of each class: of fewer the interval is not to be trusted
FOLDS = 10
LEVEL = 0.98  # of the interval: a chance of 1% that words which say nothing seem to mislead
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WordGroup:
    """Words whose sum over the check rows speaks against the true class.

    Attributes:
        words: those that mislead most first; a thousand at most.
        share: of the average decision that such words, chosen on other rows, take from the true class of a
            check row: pseudomedian over rows with its interval (98%). The average decision is the mean
            |log-odds| of the decided class in training texts.
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
    asked: Asked,
    texts: Sequence[Text],
    labels: NDArray[np.int64],
    *,
    known: Collection[str],
    margin: float,
    generator: np.random.Generator,
) -> WordGroup | None:
    """Test by cross-fitting whether the words that mislead on some check rows mislead on others, too.

    Each word of a text is deleted, which says what it adds to the true class. Words that add less than
    nothing in all on nine tenths of the rows are summed up in each row of the last tenth, for each tenth:
    words that mislead by chance on some rows help on the others.

    Args:
        asked: the model.
        texts: the check rows.
        labels: int64 (n,), their classes.
        known: words that count: those of the training texts that are no shortcut of their own.
        margin: mean |log-odds| of the decided class of training texts: what `WordGroup.share` is a share of.
        generator: of the halves, and of the rows where there are too many.

    Returns:
        The group, convicted or not; None for too few rows, or no word that misleads.
    """
    rows = _affordable(texts, known, _balanced(labels, generator))
    if len(rows) < FEWEST_ROWS:
        return None
    adds = [_added(asked, texts[row], int(labels[row]), known) for row in rows]
    words = _misleading(adds)
    if not words:
        return None
    share = pseudomedian_interval(_crossed(adds, generator) / -margin, LEVEL)
    return WordGroup(words=tuple(words[:MOST_WORDS]), share=share, n_rows=len(rows))


def _balanced(labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Return rows in random order, as many of each class: else what tells a rare one seems to mislead."""
    classes = [generator.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    if len(classes) < 2:
        return np.empty(0, dtype=np.int64)
    size = min(map(len, classes))
    drawn: NDArray[np.int64] = np.stack([rows[:size] for rows in classes], axis=1).ravel()
    return drawn


def _crossed(adds: Sequence[Mapping[str, float]], generator: np.random.Generator) -> Floats:
    """Return what words that mislead on the other rows add in each row."""
    sums = np.zeros(len(adds))
    for fold in np.array_split(generator.permutation(len(adds)), FOLDS):
        others = np.setdiff1d(np.arange(len(adds)), fold)
        chosen = set(_misleading([adds[row] for row in others]))
        for row in fold:
            sums[row] = sum(value for word, value in adds[row].items() if word in chosen)
    return sums


def _affordable(texts: Sequence[Text], known: Collection[str], order: NDArray[np.int64]) -> list[int]:
    """Return rows in this order, as many as may be asked about."""
    costs = [1 + len(set(texts[row].words) & set(known)) for row in order]
    n_rows = int(np.searchsorted(np.cumsum(costs), MOST_QUESTIONS, side="right"))
    chosen: list[int] = order[:n_rows].tolist()
    return chosen


def _added(asked: Asked, text: Text, label: int, known: Collection[str]) -> dict[str, float]:
    """Return what each word of a text adds to the true class, log-odds."""
    words = [word for word in dict.fromkeys(text.words) if word in known]
    values = asked.log_odds([text.text, *(text.without((word,)) for word in words)])[:, label]
    return dict(zip(words, (values[0] - values[1:]).tolist(), strict=True))


def _misleading(adds: Sequence[Mapping[str, float]]) -> list[str]:
    """Return the words that speak against the true class in all, those that do so most first."""
    totals: dict[str, float] = defaultdict(float)
    for row in adds:
        for word, value in row.items():
            totals[word] += value
    return sorted((word for word, total in totals.items() if total < 0), key=lambda word: totals[word])
