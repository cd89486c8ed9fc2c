"""How little of a text is enough for the same answer: the least important words go, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whytrain.shortcuts.features import Text
from whytrain.types import Predict


@dataclass(frozen=True, kw_only=True)
class Reduced:
    """A text from which every word is taken that the answer does not need.

    Attributes:
        text: as it is.
        left: what is left of it.
        n_words: of the text.
        n_left: of what is left, at least 1.
        probability: of the answer, for the text.
        probability_left: for what is left.
    """

    text: str
    left: str
    n_words: int
    n_left: int
    probability: float
    probability_left: float


def reduce_texts(predict: Predict, texts: Sequence[str]) -> list[Reduced]:
    """Take from each text the word without which its answer stays likeliest, while it stays the answer.

    What is left is often no reason that a person would accept, and the model no less sure of it: it does not
    need what people need.

    Args:
        predict: the model.
        texts: at least one word each.

    References:
        Feng et al. (2018), Pathologies of neural models make interpretations difficult.
    """
    before = predict(texts)
    answers = before.argmax(axis=1)
    split = [Text(text) for text in texts]
    kept = [list(range(len(text.words))) for text in split]
    chance = before.max(axis=1).copy()
    live = [row for row, places in enumerate(kept) if len(places) > 1]
    while live:
        tried = [(row, place) for row in live for place in kept[row]]
        found = predict([_with(split[row], [p for p in kept[row] if p != place]) for row, place in tried])
        still = []
        start = 0
        for row in live:
            of_row = found[start : start + len(kept[row])]
            start += len(kept[row])
            best = int(of_row[:, answers[row]].argmax())
            if of_row[best].argmax() == answers[row]:
                chance[row] = of_row[best, answers[row]]
                kept[row].pop(best)
                if len(kept[row]) > 1:
                    still.append(row)
        live = still
    return [
        Reduced(
            text=texts[row],
            left=_with(text, kept[row]),
            n_words=len(text.words),
            n_left=len(kept[row]),
            probability=float(before[row].max()),
            probability_left=float(chance[row]),
        )
        for row, text in enumerate(split)
    ]


def _with(text: Text, places: Sequence[int]) -> str:
    """Return only the words at some places."""
    return text.without_places(sorted(set(range(len(text.words))).difference(places)))
