"""Typing errors in training sentences, so that a model learns to read words that are written wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from whytrain.data.words import bare_spans
from whytrain.guidance.editing import Target, target
from whytrain.robustness.typing_errors import guiding_typos


class TypingErrors(Mapping[int, Sequence[Target]]):
    """The words of sentences that may be mistyped, by row; each is found when it is asked for."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Store the sentences."""
        self._texts = texts

    def __getitem__(self, row: int) -> list[Target]:
        """Return for each long enough word of a sentence its typing errors, of which one is drawn."""
        spans = bare_spans(self._texts[row])
        return [target(begin, end, errors) for word, begin, end in spans if (errors := guiding_typos(word))]

    def __iter__(self) -> Iterator[int]:
        """Go through the rows."""
        return iter(range(len(self._texts)))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._texts)
