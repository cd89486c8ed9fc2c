"""Where in training sentences stands what is marked."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

from whytrain.data.words import bare_spans
from whytrain.errors import ConfigError
from whytrain.shortcuts.marks import Kind, Mark

_MANY = 20  # different matches of a pattern
Span = tuple[int, int]  # first character, and the one after the last
Spans = dict[int, list[Span]]  # by row


class Words:
    """The words of training sentences, in lower case and without the punctuation around them.

    Attributes:
        texts: the sentences.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        """Store the sentences; they are read when a word is first asked for."""
        self.texts = texts

    @cached_property
    def _spans(self) -> dict[str, Spans]:
        spans: dict[str, Spans] = defaultdict(dict)
        for row, text in enumerate(self.texts):
            for word, begin, end in bare_spans(text):
                spans[word].setdefault(row, []).append((begin, end))
        return dict(spans)

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each word stands in the sentences."""
        return Counter({word: sum(map(len, rows.values())) for word, rows in self._spans.items()})

    def rows(self, word: str) -> Mapping[int, list[Span]]:
        """Return where a word stands, by row."""
        return self._spans.get(word, {})

    def matches(self, pattern: str) -> Spans:
        """Return where a regular expression matches whole words, by row; case makes no difference."""
        whole = re.compile(rf"(?:(?<!\w)|(?!\w))(?:{pattern})(?:(?!\w)|(?<!\w))", re.IGNORECASE)
        found = ([m.span() for m in whole.finditer(text) if m.group()] for text in self.texts)
        return {row: spans for row, spans in enumerate(found) if spans}

    def nearest(self, word: str) -> list[str]:
        """Return words that are written like another."""
        return difflib.get_close_matches(word, list(self._spans), n=3)


class MarkedWords:
    """Marks, and where each of them stands."""

    def __init__(self, marks: Sequence[Mark], words: Words) -> None:
        """Look for all of them."""
        self.marks, self.words = marks, words
        self.matches = {mark: words.matches(mark.words[0]) for mark in marks if mark.kind == "pattern"}

    def check(self) -> None:
        """Refuse marks of what stands nowhere.

        Raises:
            ConfigError: naming the nearest words that do.
        """
        for mark in self.marks:
            if mark.kind == "pattern":
                if not self.matches[mark]:
                    raise ConfigError(
                        f"guidance.marks: the pattern {mark.words[0]!r} matches nothing in the training data"
                    )
                continue
            for word in mark.words:
                _check_occurs(word, self.words)
            if self.together(mark) == set():
                raise ConfigError(
                    f"guidance.marks: no training row has both {mark.words[0]!r} and {mark.words[1]!r}"
                )

    def spans(self) -> Spans:
        """Return all that is marked, by row; of a pair both words, where they stand together."""
        found: Spans = defaultdict(list)
        for mark in self.marks:
            if mark.kind == "pattern":
                places: Iterable[Mapping[int, list[Span]]] = [self.matches[mark]]
            else:
                places = [self.words.rows(word) for word in mark.words]
            together = self.together(mark)
            for by_row in places:
                for row, spans in by_row.items():
                    if together is None or row in together:
                        found[row] += spans
        return dict(found)

    def together(self, mark: Mark) -> set[int] | None:
        """Return the rows in which both words of a pair stand; None for other marks."""
        if mark.kind not in ("pair", "ordered_pair"):
            return None
        first, second = (self.words.rows(word) for word in mark.words)
        return first.keys() & second.keys()

    def shown(self, row: int) -> tuple[object, ...]:
        """Return what a row shows of all marks: which words, whether the pair, its order, which matches.

        Of a pattern with many matches it counts only whether there is one.
        """
        return tuple(self._shown(mark, row) for mark in self.marks)

    def left_to_see(self, row: int, hidden: Collection[Kind]) -> tuple[object, ...]:
        """Return the same where training hides marks of some kinds: of these, whether there is one at all."""
        return tuple(
            _is_there(mark, what) if mark.kind in hidden else what
            for mark, what in zip(self.marks, self.shown(row), strict=True)
        )

    def is_visible(self, row: int, hidden: Collection[Kind]) -> bool:
        """Return whether a row shows a mark of another kind than these."""
        shown = zip(self.marks, self.shown(row), strict=True)
        return any(_is_there(mark, what) for mark, what in shown if mark.kind not in hidden)

    @cached_property
    def _few(self) -> set[Mark]:
        """The patterns with few matches."""
        texts = self.words.texts
        return {
            mark
            for mark, rows in self.matches.items()
            if len({texts[row][b:e].lower() for row, spans in rows.items() for b, e in spans}) <= _MANY
        }

    def _shown(self, mark: Mark, row: int) -> object:
        if mark.kind == "pattern":
            matched = {self.words.texts[row][b:e].lower() for b, e in self.matches[mark].get(row, [])}
            return tuple(sorted(matched)) if mark in self._few else bool(matched)
        stands = tuple(self.words.rows(word).get(row, []) for word in mark.words)
        if mark.kind == "words":
            return tuple(map(bool, stands))
        if not all(stands):
            return None
        return mark.kind == "pair" or stands[0][0] < stands[1][0]


def _is_there(mark: Mark, what: object) -> bool:
    """Return whether what a row shows of a mark is anything; of an order, either one."""
    if mark.kind in ("pair", "ordered_pair"):
        return what is not None
    return any(what) if isinstance(what, tuple) else bool(what)


def _check_occurs(word: str, words: Words) -> None:
    if not words.rows(word):
        near = words.nearest(word)
        hint = f"; nearest that do: {', '.join(near)}" if near else ""
        raise ConfigError(f"guidance.marks: the word {word!r} stands nowhere in the training data{hint}")
