"""Rows that tell whether a shortcut is gone: without what is marked, and with marks that mislead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from whytrain.data.corpus import Corpus, Split
from whytrain.guidance.adversarial_rows import adversarial_rows
from whytrain.guidance.marked_words import MarkedWords, Words
from whytrain.shortcuts.marks import Mark

UNMARKED, ADVERSARIAL = "marks/unmarked_accuracy", "marks/adversarial_accuracy"


@dataclass(frozen=True, eq=False, kw_only=True)
class ShortcutRows:
    """Rows that no arm was trained on.

    Attributes:
        unmarked: ids of the rows in which nothing is marked, of the validation rows (None) and of those from
            elsewhere, by their name.
        adversarial: validation rows whose marks were changed so that they point the other way than in
            training (see `whytrain.guidance.adversarial_rows`): columns id, text and label (a class name).
    """

    unmarked: Mapping[str | None, Sequence[str]]
    adversarial: pd.DataFrame


def shortcut_rows(marks: Sequence[Mark], corpus: Corpus) -> ShortcutRows:
    """Look for them in a corpus of classes that exclude each other; rows from elsewhere: the check sample."""
    splits: dict[str | None, Split] = {None: corpus.validation}
    if corpus.check is not None:
        splits["check"] = corpus.check
    rows = corpus.validation
    found = adversarial_rows(marks, corpus.train.texts, corpus.train.labels, rows.texts, rows.labels)
    names = [corpus.class_names[rows.labels[row]] for row in found]
    return ShortcutRows(
        unmarked={name: _unmarked(marks, split) for name, split in splits.items()},
        adversarial=pd.DataFrame(
            {"id": [rows.ids[row] for row in found], "text": list(found.values()), "label": names}
        ),
    )


def _unmarked(marks: Sequence[Mark], split: Split) -> list[str]:
    marked = MarkedWords(marks, Words(split.texts)).spans()
    return [name for row, name in enumerate(split.ids) if row not in marked]
