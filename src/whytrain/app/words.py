"""The view of words: what the model leans on over its training texts, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from whytrain.app.coloring import ColoredWord, colored
from whytrain.app.explored import Explored
from whytrain.data.corpus import Split
from whytrain.diagnosis.of_shortcuts import EFFECT, described, together
from whytrain.presentation.wording import percent
from whytrain.runs.remarks import Opinion
from whytrain.shortcuts.evidence import Candidate, ShortcutEvidence, are_kin
from whytrain.shortcuts.features import Feature, Text
from whytrain.shortcuts.marks import Kind
from whytrain.shortcuts.suspicion import suspected_share

STRONG = 0.03  # share of an average decision as the list is ordered: what may well be a reason counts a third
MOST_WORDS = 40  # of the ranking
MOST_PAIRS = 20
MOST_SENTENCES = 12
Said = Literal["no_reason", "fine", ""]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A sentence with what is looked at.

    Attributes:
        words: colored by what each adds to the class that the candidate speaks for.
        told: where it is from, and its label.
        text: to ask about it.
    """

    words: Sequence[ColoredWord]
    told: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """Something that the model leans on.

    Attributes:
        kind: of `whytrain.shortcuts.features.Feature`.
        words: its words.
        title: its name.
        told: what it does, and what speaks against it.
        why: why it is rarely a reason, in a few words; empty where nothing is known.
        convicted: whether the check sample convicts it.
        share: of an average decision, 0 to 1.
        kin: words that stand for it, the other way round.
        said: what people said of it.
        speaks_for: the class.
        examples: sentences, colored for that class.
    """

    kind: Kind
    words: tuple[str, ...]
    title: str
    told: str
    why: str
    convicted: bool
    share: float
    kin: tuple[str, ...]
    said: Said
    speaks_for: str
    examples: Sequence[Example]

    @property
    def strong(self) -> bool:
        """Whether it is shown with its sentences: it is convicted, or stands high in the list."""
        return self.convicted or suspected_share(self.share, self.why) >= STRONG

    @property
    def quoted_kin(self) -> list[str]:
        """Its kin in quotation marks."""
        return [f"“{word}”" for word in self.kin]


@dataclass(frozen=True, kw_only=True)
class Together:
    """Many words that mislead together; they are marked as one.

    Attributes:
        words: all of them, those that mislead most first.
        told: what they do.
        share: of an average decision, 0 to 1.
        said: what people said of them.
    """

    words: tuple[str, ...]
    told: str
    share: float
    said: Said


def misleading_together(found: ShortcutEvidence, opinion: Opinion) -> Together | None:
    """Return the words that the finding of shortcuts names as a group; None where there is none."""
    group = found.group
    if group is None or not group.is_shortcut:
        return None
    return Together(
        words=group.words,
        told=together(group),
        share=group.share.estimate,
        said=opinion.of("words", group.words),
    )


def suspects(found: ShortcutEvidence, class_names: Sequence[str], opinion: Opinion) -> list[Suspect]:
    """Return what the model leans on, the most suspect first."""
    return [_suspect(candidate, found, class_names, opinion) for candidate in found.candidates]


def _suspect(c: Candidate, found: ShortcutEvidence, names: Sequence[str], opinion: Opinion) -> Suspect:
    kin = (other.feature.words[0] for other in found.candidates if are_kin(c, other))
    return Suspect(
        kind=c.feature.kind,
        words=c.feature.words,
        title=c.feature.title,
        told=described(c, found, names),
        why=c.suspicion,
        convicted=c.is_shortcut,
        share=max(c.share.estimate, 0.0),
        kin=tuple(kin) if c.feature.kind == "words" else (),
        said=opinion.of(c.feature.kind, c.feature.words),
        speaks_for=names[c.speaks_for],
        examples=[
            Example(
                words=colored(shown.words, np.array(shown.values), EFFECT),
                told=f"{'training' if shown.split == 'train' else 'check'} row, {names[shown.label]}",
                text=" ".join(shown.words),
            )
            for shown in c.examples
        ],
    )


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A word, or a pair of words, of the ranking.

    Attributes:
        words: one or two.
        speaks_for: the class.
        size: mean |score| of an occurrence, log-odds.
        share: of the largest size that is shown, 0 to 1.
        n: occurrences, or sentences with the pair.
        said: what people said of it.
    """

    words: tuple[str, ...]
    speaks_for: str
    size: float
    share: float
    n: int
    said: Said


def ranked_words(model: Explored, opinion: Opinion, named: str) -> list[Ranked]:
    """Return the words that decide most in training sentences; `named`: only those that contain this."""
    table = model.ranking
    if table is None:
        return []
    table = _one_variant(table)
    if named:
        table = table[table["word"].str.contains(named.lower(), regex=False)]
    return _ranked(table, ("word",), "score", model, opinion, "words", MOST_WORDS)


def ranked_pairs(model: Explored, opinion: Opinion) -> list[Ranked]:
    """Return the pairs of words that do most together, beyond what each does alone."""
    table = model.pairs
    if table is None:
        return []
    return _ranked(
        _one_variant(table), ("word_a", "word_b"), "interaction", model, opinion, "pair", MOST_PAIRS
    )


def _one_variant(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["variant"] == table["variant"].iloc[0]] if len(table) and "variant" in table else table


def _ranked(
    table: pd.DataFrame,
    columns: tuple[str, ...],
    score: str,
    model: Explored,
    opinion: Opinion,
    kind: Kind,
    most: int,
) -> list[Ranked]:
    shown = table.head(most)
    names = model.saved.class_names
    largest = float(shown[score].abs().max()) if len(shown) else 1.0
    rows = []
    for row in shown.to_dict("records"):
        value, about = float(row[score]), str(row["class"])
        other = next((name for name in names if name != about), about)
        against = other if len(names) == 2 else f"not {about}"
        words = tuple(str(row[column]) for column in columns)
        rows.append(
            Ranked(
                words=words,
                speaks_for=about if value >= 0 else against,
                size=abs(value),
                share=abs(value) / (largest or 1.0),
                n=int(row["count"]),
                said=opinion.of(kind, words),
            )
        )
    return rows


@dataclass(frozen=True, kw_only=True)
class Occurrences:
    """Where something stands.

    Attributes:
        title: of what.
        told: in how many training sentences, and of which classes.
        rows: texts with their labels.
    """

    title: str
    told: str
    rows: Sequence[tuple[str, str]]


def occurrences(model: Explored, kind: Kind, words: Sequence[str]) -> Occurrences | None:
    """Return training sentences with a word, or with two; None where the data are not to be shown."""
    if model.corpus is None or kind == "pattern":
        return None
    feature = Feature(kind=kind, words=tuple(words))
    train: Split = model.corpus.train
    labels = model.corpus.task.show(train.labels, model.corpus.class_names)
    likely = (row for row, text in enumerate(train.texts) if all(word in text.lower() for word in words))
    found = [row for row in likely if feature.state(Text(train.texts[row]).words) != 0]
    counts = pd.Series([labels[row] for row in found], dtype=object).value_counts()
    shares = ", ".join(f"{percent(n / len(found))} {name}" for name, n in counts.items())
    told = f"In {len(found):,} of {len(train):,} training sentences{f': {shares}' if found else ''}."
    rng = np.random.default_rng(0)
    shown = sorted(rng.permutation(found)[:MOST_SENTENCES].tolist())
    return Occurrences(
        title=feature.title, told=told, rows=[(train.texts[row], labels[row]) for row in shown]
    )
