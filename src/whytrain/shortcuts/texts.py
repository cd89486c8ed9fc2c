"""The texts in which shortcuts are looked for, and those that show one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whytrain.shortcuts.effects import Asked, word_effects
from whytrain.shortcuts.evidence import Candidate, ShownText
from whytrain.shortcuts.features import Text
from whytrain.shortcuts.measured import said_class

EXAMPLES = 2  # texts shown of a candidate


@dataclass(frozen=True, eq=False, kw_only=True)
class LabeledTexts:
    """Texts with their classes.

    Attributes:
        ids: of the rows.
        texts: the texts.
        labels: int64 (n,), class indices.
        logits: float64 (n, n_classes), what the model says of them; None: it will be asked.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    labels: NDArray[np.int64]
    logits: NDArray[np.float64] | None = None


class CheckTexts:
    """The check rows, split into words."""

    def __init__(self, check: LabeledTexts, n_classes: int) -> None:
        """Split the texts."""
        self.ids, self.labels = check.ids, check.labels
        self.texts = [Text(text) for text in check.texts]
        self.priors = np.bincount(check.labels, minlength=n_classes) / len(check.labels)

    def n_right(self, asked: Asked) -> int:
        """Return how many rows the model decides right."""
        decided = asked.log_odds([text.text for text in self.texts]).argmax(axis=1)
        return int((decided == self.labels).sum())


def examples_of(
    candidate: Candidate,
    train_ids: Sequence[str],
    texts: Sequence[Text],
    labels: NDArray[np.int64],
    outside: CheckTexts | None,
    asked: Asked,
    generator: np.random.Generator,
) -> tuple[ShownText, ...]:
    """Return short training texts in which a feature speaks for the true class, and check rows where not."""
    found: list[ShownText] = []
    sources: list[tuple[Literal["train", "check"], Sequence[Text], NDArray[np.int64], Sequence[str]]]
    sources = [("train", texts, labels, train_ids)]
    if outside is not None:
        sources.append(("check", outside.texts, outside.labels, outside.ids))
    for split, rows, of, ids in sources:
        states = np.array([candidate.feature.state(text.words) for text in rows], dtype=np.int64)
        said = said_class(states, candidate.speaks_for, candidate.against)
        wanted = np.flatnonzero((states != 0) & ((of == said) == (split == "train")))
        usable = [row for row in generator.permutation(wanted)[:20] if len(rows[row].words) > 1]
        for row in sorted(usable, key=lambda row: len(rows[row].words))[:EXAMPLES]:
            values = word_effects(asked, rows[row])[:, said[row]]
            found.append(
                ShownText(
                    split=split,
                    row_id=str(ids[row]),
                    words=tuple(rows[row].shown),
                    values=tuple(values.tolist()),
                    speaks_for=int(said[row]),
                    label=int(of[row]),
                )
            )
    return tuple(found)
