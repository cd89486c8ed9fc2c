"""Small changes of the words that matter most, one word after the other, until an answer is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from whytrain.shortcuts.features import Text
from whytrain.types import Predict

# A word, bare, to what may be written instead.
Variants = Callable[[str], Sequence[str]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Attacked:
    """What became of texts under attack.

    Attributes:
        texts: as they are, in the order given.
        changed: with the changes after which the answer is wrong, or all that were made.
        words: int64 (n_texts,), changed words after which the answer is wrong; 0: it is as the text is,
            `HOLDS`: it never is.
        changes: what became what, by text.
        asked: texts that the model was asked about.
    """

    texts: tuple[str, ...]
    changed: tuple[str, ...]
    words: NDArray[np.int64]
    changes: tuple[tuple[tuple[str, str], ...], ...]
    asked: int

    def right(self, n_words: int) -> NDArray[np.bool_]:
        """Return which answers are right after at most so many changed words."""
        return np.asarray((self.words == HOLDS) | (self.words > n_words))


HOLDS = -1


@dataclass(eq=False)
class _Victim:
    """A text, the places that are left to change, and what was changed."""

    row: int
    text: Text
    label: int
    chance: float = 0.0
    places: list[int] = field(default_factory=list)
    changes: dict[int, str] = field(default_factory=dict)

    @property
    def now(self) -> str:
        return self.text.rewritten(self.changes) if self.changes else self.text.text


def attack(
    predict: Predict, texts: Sequence[str], labels: Sequence[int], variants: Variants, *, most: int
) -> Attacked:
    """Change the words without which the right answer loses most, each to what costs it most.

    Words are ordered once, by p(label) without each; in this order each becomes the variant with the least
    p(label), if that is less than before. All texts go on side by side, so the model is asked in large
    batches.

    Args:
        predict: the model.
        texts: the texts.
        labels: class indices of the right answers.
        variants: of a word; none: it stays.
        most: words of a text that are changed at most.

    References:
        Gao, Lanchantin, Soffa, Qi (2018), Black-box generation of adversarial text sequences to evade deep
        learning classifiers; their order scores a word by its head and tail, this one by leaving it out.
    """
    victims = [
        _Victim(row, Text(text), label) for row, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    words = np.full(len(victims), HOLDS, dtype=np.int64)
    chances = predict(texts)
    for victim, chance in zip(victims, chances, strict=True):
        victim.chance = float(chance[victim.label])
    words[chances.argmax(axis=1) != np.asarray(labels)] = 0
    live = [victim for victim in victims if words[victim.row] == HOLDS]
    asked = len(texts) + _order(predict, live, variants)
    while live := [v for v in live if v.places and len(v.changes) < most]:
        tried = [(v, v.places[0], new) for v in live for new in variants(v.text.words[v.places[0]])]
        found = predict([v.text.rewritten(v.changes | {place: new}) for v, place, new in tried])
        asked += len(tried)
        best: dict[int, int] = {}  # of a text, which of the tried ones costs most
        for place, (v, _, _) in enumerate(tried):
            if v.row not in best or found[place, v.label] < found[best[v.row], v.label]:
                best[v.row] = place
        for victim in live:
            victim.places.pop(0)
            row = best[victim.row]
            if (chance := float(found[row, victim.label])) < victim.chance:
                victim.chance = chance
                victim.changes[tried[row][1]] = tried[row][2]
                if found[row].argmax() != victim.label:
                    words[victim.row] = len(victim.changes)
        live = [victim for victim in live if words[victim.row] == HOLDS]
    return Attacked(
        texts=tuple(texts),
        changed=tuple(victim.now for victim in victims),
        words=words,
        changes=tuple(
            tuple((v.text.words[place], new) for place, new in sorted(v.changes.items())) for v in victims
        ),
        asked=asked,
    )


def _order(predict: Predict, victims: Sequence[_Victim], variants: Variants) -> int:
    """Let each text know its places, those first without which p(label) is least."""
    able = [[p for p, word in enumerate(v.text.words) if len(variants(word))] for v in victims]
    texts = [v.text.without_place(p) for v, places in zip(victims, able, strict=True) for p in places]
    chances = iter(predict(texts)) if texts else iter(())
    for victim, places in zip(victims, able, strict=True):
        without = {place: float(next(chances)[victim.label]) for place in places}
        victim.places = sorted(places, key=lambda place: without[place])
    return len(texts)
