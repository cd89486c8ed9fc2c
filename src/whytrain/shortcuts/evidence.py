"""What a model leans on in training texts, and whether that holds where it will be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from whytrain.shortcuts.features import Feature
from whytrain.shortcuts.group import WordGroup
from whytrain.statistics.intervals import Interval

_ALIKE, _AS_MANY = 2.0, 4.0  # factors up to which words are alike in what they say, and in their rows


@dataclass(frozen=True, kw_only=True)
class ShownText:
    """A text with a candidate in it.

    Attributes:
        split: `train` or `check`.
        row_id: its id.
        words: as they are written.
        values: what each word adds to the class that the candidate speaks for there, log-odds.
        speaks_for: index of that class.
        label: index of the true one.
    """

    split: Literal["train", "check"]
    row_id: str
    words: tuple[str, ...]
    values: tuple[float, ...]
    speaks_for: int
    label: int


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A feature that a model leans on, and what speaks against it.

    Attributes:
        feature: what it is.
        speaks_for: index of the class; of an ordered pair, in the order of its words.
        against: index of the class that it speaks against: of an ordered pair the one that the other order
            speaks for, else the other class of two; -1 where that is none.
        n_train: training rows that have it.
        coverage: share of the training rows that have it.
        n_check: check rows that have it; 0 without a check sample.
        effect: what it adds to the class that it speaks for, mean over training rows, log-odds.
        share: of the average decision that is its: coverage · effect / how far texts move the log-odds of the
            decided class from those of its share of the training rows, on average; with its interval.
        helps_train: what it adds to the true class, mean over training rows, log-odds.
        helps_check: the same over check rows with its interval; None for fewer than two.
        right_train: share of the rows with it, whose class is the one that it speaks for.
        right_check: the same of the check rows; NaN without any.
        expected_train: the share that its presence would have if it said nothing.
        expected_check: the same of the check rows; NaN without any.
        p_value: that so little of it holds on the check rows by chance, corrected for all candidates; NaN
            without a check sample.
        is_shortcut: whether the check sample convicts it.
        suspicion: why it is rarely a reason; empty where nothing is known.
        examples: texts that have it.
    """

    feature: Feature
    speaks_for: int
    against: int
    n_train: int
    coverage: float
    n_check: int
    effect: float
    share: Interval
    helps_train: float
    helps_check: Interval | None
    right_train: float
    right_check: float
    expected_train: float
    expected_check: float
    p_value: float
    is_shortcut: bool
    suspicion: str
    examples: tuple[ShownText, ...] = ()

    @property
    def lift(self) -> float:
        """By how much its training rows are right more often than if it said nothing."""
        return self.right_train - self.expected_train

    def named(self, name: Callable[[str], str]) -> Candidate:
        """Return it with other names for all words, such as their hashes."""
        feature = replace(self.feature, words=tuple(map(name, self.feature.words)))
        shown = (replace(text, words=tuple(map(name, text.words))) for text in self.examples)
        return replace(self, feature=feature, examples=tuple(shown))


@dataclass(frozen=True, kw_only=True)
class ShortcutEvidence:
    """What was looked at.

    Attributes:
        candidates: shortcuts first, then those that can be suspected, each by their share of the decisions.
        n_train: training rows that were looked at.
        n_check: check rows; 0 without a check sample.
        n_check_right: how many of them the model decides right.
        n_asked: how many texts the model was asked about.
        group: words that mislead together, beside those; None where they were not looked for, see
            `whytrain.shortcuts.search.find_shortcuts`.
    """

    candidates: tuple[Candidate, ...]
    n_train: int
    n_check: int
    n_check_right: int
    n_asked: int
    group: WordGroup | None = None

    @property
    def shortcuts(self) -> tuple[Candidate, ...]:
        """Those that the check sample convicts."""
        return tuple(candidate for candidate in self.candidates if candidate.is_shortcut)


def are_kin(a: Candidate, b: Candidate) -> bool:
    """Return whether two words, or two pairs with a word in common, stand for each other in training texts.

    Each speaks for the class that the other speaks against, about as clearly, in about as many rows. Among
    more than two classes nothing has an opposite: any two key words would be.
    """
    kinds, words = {a.feature.kind, b.feature.kind}, {*a.feature.words} & {*b.feature.words}
    lifts, rows = sorted((a.lift, b.lift)), sorted((a.n_train, b.n_train))
    return (
        (kinds == {"words"} or (kinds == {"pair"} and len(words) == 1))
        and (a.speaks_for, a.against) == (b.against, b.speaks_for)
        and 0 < lifts[1] <= _ALIKE * lifts[0]
        and rows[1] <= _AS_MANY * rows[0]
    )
