"""What can be a shortcut: a word, two words together, two words in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whytrain.data.words import bare_spans, bare_word, word_spans

FeatureKind = Literal["words", "pair", "ordered_pair"]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A word, or two words.

    Attributes:
        kind: as those of `whytrain.shortcuts.marks.Mark`.
        words: one word, or two, as `bare_word` writes them.
    """

    kind: FeatureKind
    words: tuple[str, ...]

    def state(self, words: Sequence[str]) -> int:
        """Return 1 where a text has it, 0 where not; of an ordered pair -1 where the second word is first.

        Args:
            words: of the text, as `bare_word` writes them.

        >>> pair = Feature(kind="ordered_pair", words=("a", "b"))
        >>> pair.state(["a", "b"]), pair.state(["b", "a", "b"]), pair.state(["a"])
        (1, -1, 0)
        """
        if not all(word in words for word in self.words):
            return 0
        if self.kind != "ordered_pair":
            return 1
        first, second = (words.index(word) for word in self.words)
        return 1 if first < second else -1

    def changed(self, text: Text) -> list[str]:
        """Return the texts that the model is asked about beside this one, see `effect`.

        A word: without it. A pair: without the first, the second, both. An ordered pair: the two exchanged.
        """
        if self.kind == "ordered_pair":
            return [text.exchanged(*self.words)]
        if self.kind == "words":
            return [text.without(self.words)]
        return [text.without(self.words[:1]), text.without(self.words[1:]), text.without(self.words)]

    def effect(self, values: NDArray[np.float64], states: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what it adds to each class in each text, float64 (n, n_classes).

        A word: v(x) - v(x without it). A pair: the interaction of the two, v(x) - v(without a) - v(without b)
        + v(without both). An ordered pair: half of v(a before b) - v(b before a).

        Args:
            values: float64 (n, 1 + number of changed texts, n_classes), v of the text and of `changed`.
            states: int64 (n,), of the texts.
        """
        whole, rest = values[:, 0], values[:, 1:]
        if self.kind == "ordered_pair":
            half: NDArray[np.float64] = states[:, None] * (whole - rest[:, 0]) / 2
            return half
        if self.kind == "words":
            return whole - rest[:, 0]
        return whole - rest[:, 0] - rest[:, 1] + rest[:, 2]

    @property
    def title(self) -> str:
        """Its name for people.

        >>> Feature(kind="pair", words=("not", "bad")).title
        '“not” with “bad”'
        """
        first, *others = (f"“{word}”" for word in self.words)
        return " ".join(
            [first, *(f"{'before' if self.kind == 'ordered_pair' else 'with'} {w}" for w in others)]
        )


class Text:
    """A text whose words can be taken away and exchanged.

    Attributes:
        text: as it was read.
        words: as `bare_word` writes them.
    """

    __slots__ = ("text", "words")

    def __init__(self, text: str) -> None:
        """Split the text into words."""
        self.text = text
        self.words = [bare_word(word) for word in self.shown]

    @property
    def shown(self) -> list[str]:
        """The words as they are written."""
        return [self.text[begin:end] for begin, end in word_spans(self.text)]

    def without(self, words: Sequence[str]) -> str:
        """Return the text without all occurrences of words, and the space behind each."""
        return self._rebuilt({place: "" for place, word in enumerate(self.words) if word in words})

    def without_place(self, place: int) -> str:
        """Return the text without the word at a place."""
        return self.without_places([place])

    def without_places(self, places: Sequence[int]) -> str:
        """Return the text without the words at some places."""
        return self._rebuilt(dict.fromkeys(places, ""))

    def replaced(self, place: int, word: str) -> str:
        """Return the text with another word at a place; signs around the old one stay, as does its capital.

        >>> Text("Good, really").replaced(0, "bad")
        'Bad, really'
        """
        return self.rewritten({place: word})

    def rewritten(self, changes: Mapping[int, str]) -> str:
        """Return the text with other words at some places, each written as `replaced` does.

        >>> Text("Good, really fine").rewritten({0: "bad", 2: "dull"})
        'Bad, really dull'
        """
        spans, cores, new = word_spans(self.text), bare_spans(self.text), {}
        for place, word in changes.items():
            (begin, end), (_, first, last) = spans[place], cores[place]
            capital = self.text[first : first + 1].isupper() and word[:1].islower()
            put = f"{word[:1].upper()}{word[1:]}" if capital else word
            new[place] = f"{self.text[begin:first]}{put}{self.text[last:end]}"
        return self._rebuilt(new)

    def exchanged(self, first: str, second: str) -> str:
        """Return the text with the first occurrences of two words in each other's place.

        >>> Text("A plot,  an actor").exchanged("plot", "actor")
        'A actor  an plot,'
        """
        shown = self.shown
        a, b = self.words.index(first), self.words.index(second)
        return self._rebuilt({a: shown[b], b: shown[a]})

    def _rebuilt(self, changes: dict[int, str]) -> str:
        spans, parts, end = word_spans(self.text), [], 0
        for place, (begin, stop) in enumerate(spans):
            parts += [self.text[end:begin], changes.get(place, self.text[begin:stop])]
            end = stop
            if changes.get(place) == "":  # with it goes the space behind
                while end < len(self.text) and self.text[end].isspace():
                    end += 1
        return "".join([*parts, self.text[end:]]).strip()
