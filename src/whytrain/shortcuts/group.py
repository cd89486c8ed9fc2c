"""Many words that mislead together: none of them is sure alone, all of them are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from whytrain.shortcuts.effects import Asked
from whytrain.shortcuts.features import Text
from whytrain.statistics.intervals import Interval, t_interval

MOST_QUESTIONS = 12_000  # about check texts without one of their words
MOST_WORDS = 1_000  # of a group
FEWEST_ROWS = 50  # as many of each class: of fewer the test is not to be trusted
SPLITS = 20  # random halves, over which the sums of a row are averaged
LEVEL = 0.01  # of the test


@dataclass(frozen=True, kw_only=True)
class WordGroup:
    """Words whose sum over the check rows speaks against the true class.

    Attributes:
        words: those that mislead most first; a thousand at most.
        adds: what such words, chosen on other rows, add to the true class of a check row, mean with its
            interval, log-odds: below 0 they mislead.
        n_rows: check rows that were looked at.
        p_value: of Wilcoxon's one-sided signed rank test that they mislead.
    """

    words: tuple[str, ...]
    adds: Interval
    n_rows: int
    p_value: float

    @property
    def is_shortcut(self) -> bool:
        """Whether the words mislead beyond chance."""
        return self.p_value <= LEVEL


def misleading_group(
    asked: Asked,
    texts: Sequence[Text],
    labels: NDArray[np.int64],
    *,
    known: Collection[str],
    generator: np.random.Generator,
) -> WordGroup | None:
    """Test by cross-fitting whether the words that mislead on some check rows mislead on others, too.

    Each word of a text is deleted, which says what it adds to the true class. Words that add less than
    nothing in all on one half of the rows are summed up in each row of the other half, and the other way
    round: words that mislead by chance on one half help on the other one.

    Args:
        asked: the model.
        texts: the check rows.
        labels: int64 (n,), their classes.
        known: words that count: those of the training texts that are no shortcut of their own.
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
    sums = np.mean([_crossed(adds, generator) for _ in range(SPLITS)], axis=0)
    p_value = float(stats.wilcoxon(sums, alternative="less").pvalue) if sums.any() else 1.0
    return WordGroup(
        words=tuple(words[:MOST_WORDS]), adds=t_interval(sums), n_rows=len(rows), p_value=p_value
    )


def _balanced(labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Return rows in random order, as many of each class: else what tells a rare one seems to mislead."""
    classes = [generator.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    if len(classes) < 2:
        return np.empty(0, dtype=np.int64)
    size = min(map(len, classes))
    drawn: NDArray[np.int64] = np.stack([rows[:size] for rows in classes], axis=1).ravel()
    return drawn


def _crossed(adds: Sequence[Mapping[str, float]], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return what words that mislead on the other half of the rows add in each row, by random halves."""
    sums = np.zeros(len(adds))
    for half in np.array_split(generator.permutation(len(adds)), 2):
        others = np.setdiff1d(np.arange(len(adds)), half)
        chosen = set(_misleading([adds[row] for row in others]))
        for row in half:
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
