"""How the mean score of words moves from epoch to epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from whytrain.attribution.tables import ExplainedSentence, Name, value_table, word_table


class WordTrends:
    """Mean scores of the words of the same sentences, by method and epoch.

    Attributes:
        rows: one per method, epoch and word, with `class` and `score`; plain data, for checkpoints.
    """

    def __init__(self) -> None:
        """Start without an epoch."""
        self.rows: list[dict[str, Any]] = []

    def remember(
        self,
        sentences: Sequence[ExplainedSentence],
        epoch: int,
        class_names: Sequence[str],
        name: Name,
        *,
        exclusive: bool = True,
    ) -> None:
        """Add an epoch; one that is repeated by a resumed run replaces what it said before.

        Args:
            sentences: explained by one method, in one variant; none leaves all as it is.
            epoch: from 1.
            class_names: all of them.
            name: what stands for a word.
            exclusive: classes exclude each other.
        """
        if not sentences:
            return
        first = sentences[0].explanation.attribution
        turned = exclusive and first.quantity.signed
        words = word_table(value_table(sentences, class_names), class_names, exclusive=turned)
        method = first.method
        self.rows = [r for r in self.rows if (r["method"], r["epoch"]) != (method, epoch)]
        for of_class, word, score in zip(words["class"], words["word"], words["score"], strict=True):
            row = {"method": method, "epoch": epoch, "class": of_class, "word": name(word), "score": score}
            self.rows.append(row)

    def of_method(self, method: str) -> tuple[pd.DataFrame, str] | None:
        """Return a method's rows of the class with most words, and that class; None where there are none."""
        table = pd.DataFrame([row for row in self.rows if row["method"] == method])
        if table.empty:
            return None
        class_name = str(table["class"].mode()[0])
        return table[table["class"] == class_name], class_name
