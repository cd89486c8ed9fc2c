"""The fewest words that must become others before the answer is another one, and the most fluent of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from whytrain.counterfactuals.fluency import Fluency
from whytrain.shortcuts.features import Text
from whytrain.types import Predict

Changes = Mapping[int, str]  # other words by place

_BEAM = 5  # sets of changes that are gone on with
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Counterfactual:
    """A text in which other words stand, and for which the answer is another one.

    Attributes:
        changes: the other words by place.
        text: with them.
        label: index of the class that is decided now.
        probability: of the class that was decided before.
        fluency: change of the log-probability of the sentence in the corpus, nats; below 0: less usual.
    """

    changes: Changes
    text: str
    label: int
    probability: float
    fluency: float


@dataclass(frozen=True, kw_only=True)
class Substitutions:
    """What a search among the candidates found.

    Attributes:
        found: with the fewest words, the most fluent first; empty where nothing turned the answer.
        is_least: whether all smaller sets of changes were tried, and none turns it.
        is_complete: whether all sets of this size were tried: the first is then the most fluent of all.
        asked: texts that the model was asked about.
    """

    found: tuple[Counterfactual, ...]
    is_least: bool
    is_complete: bool
    asked: int


class _Search:
    """Asks about changed texts and keeps those that turn the answer."""

    def __init__(self, predict: Predict, text: Text, fluency: Fluency) -> None:
        self._predict, self._text, self._fluency = predict, text, fluency
        self.label = int(predict([text.text])[0].argmax())
        self.asked = 1

    def __call__(self, tried: Sequence[Changes]) -> tuple[list[Counterfactual], NDArray[np.float64]]:
        """Return what turned, the most fluent first, and the probability of the answer for each."""
        texts = [self._text.rewritten(changes) for changes in tried]
        chances = self._predict(texts)
        self.asked += len(texts)
        decided = chances.argmax(axis=1)
        turned = [
            Counterfactual(
                changes=tried[row],
                text=texts[row],
                label=int(decided[row]),
                probability=float(chances[row, self.label]),
                fluency=self._fluency.change(self._text.words, dict(tried[row])),
            )
            for row in np.flatnonzero(decided != self.label).tolist()
        ]
        return sorted(turned, key=lambda found: -found.fluency), chances[:, self.label]


def least_substitutions(
    predict: Predict,
    text: str,
    candidates: Callable[[Sequence[str], int], Sequence[str]],
    fluency: Fluency,
    *,
    most: int = 4,
    budget: int = 5000,
) -> Substitutions:
    """Try all changes of one word, then of two, … until an answer turns; beyond the budget the likeliest.

    All sets of a size are tried where the budget allows; all single words always are. Otherwise a beam
    search goes on from the sets that take most of the probability away.

    Args:
        predict: the model; a class each, that exclude one another.
        text: the text.
        candidates: see `whytrain.counterfactuals.candidates.Candidates`.
        fluency: of the corpus.
        most: words that are changed at most.
        budget: sets of a size that are tried without choosing.
    """
    split = Text(text)
    words = split.words
    choices = {place: others for place in range(len(words)) if (others := candidates(words, place))}
    search, is_least = _Search(predict, split, fluency), True
    beam: list[dict[int, str]] = [{}]
    for size in range(1, min(most, len(choices)) + 1):
        is_complete = size == 1 or _number(choices, size) <= budget
        tried = list(_all(choices, size) if is_complete else _further(beam, choices))
        found, chances = search(tried)
        if found:
            return Substitutions(
                found=tuple(found[:_SHOWN]),
                is_least=is_least,
                is_complete=is_complete,
                asked=search.asked,
            )
        is_least &= is_complete
        beam = [tried[row] for row in np.argsort(chances, kind="stable")[:_BEAM]]
    return Substitutions(found=(), is_least=False, is_complete=False, asked=search.asked)


def _number(choices: Mapping[int, Sequence[str]], size: int) -> int:
    """Return how many sets of `size` changes at different places there are."""
    numbers = [1] + [0] * size
    for found in choices.values():
        for k in range(size, 0, -1):
            numbers[k] += numbers[k - 1] * len(found)
    return numbers[size]


def _all(choices: Mapping[int, Sequence[str]], size: int) -> Iterator[dict[int, str]]:
    for places in combinations(choices, size):
        for words in product(*(choices[place] for place in places)):
            yield dict(zip(places, words, strict=True))


def _further(
    beam: Sequence[dict[int, str]], choices: Mapping[int, Sequence[str]]
) -> Iterator[dict[int, str]]:
    """Return each set of the beam with one more change, each once."""
    seen = set()
    for changes in beam:
        for place, words in choices.items():
            for word in words if place not in changes else ():
                further = changes | {place: word}
                key = tuple(sorted(further.items()))
                if key not in seen:
                    seen.add(key)
                    yield further
