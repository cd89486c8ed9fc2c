"""Stanford Sentiment Treebank trees: what people say about every phrase of a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from whytrain.errors import DataError

Span = tuple[int, int]  # first word, one after the last

_SYMBOL = re.compile(r"\(|\)|[^\s()]+")
_BRACKETS = {"-LRB-": "(", "-RRB-": ")"}
_MAX_LABEL = 4


@dataclass(frozen=True)
class LabelledTree:
    """A binary parse whose phrases people labelled.

    Attributes:
        words: the sentence.
        labels: per span the label from 0 (very negative) to 4 (very positive); single words included.
    """

    words: tuple[str, ...]
    labels: dict[Span, int]

    @property
    def spans(self) -> frozenset[Span]:
        """The phrases of two words and more."""
        return frozenset(span for span in self.labels if span[1] - span[0] > 1)


def parse_tree(text: str) -> LabelledTree:
    """Read one tree such as `(3 (2 It) (4 (2 's) (4 lovely)))`.

    Raises:
        DataError: the brackets do not match, or a label is missing or not in 0 … 4.

    >>> parse_tree("(3 (2 not) (1 bad))").labels
    {(0, 1): 2, (1, 2): 1, (0, 2): 3}
    """
    words: list[str] = []
    labels: dict[Span, int] = {}
    open_phrases: list[tuple[int, int]] = []  # first word, label
    symbols = iter(_SYMBOL.findall(text))
    closed = False
    for symbol in symbols:
        if closed or (symbol != "(" and not open_phrases):
            raise DataError(f"expected one tree in brackets, got {text!r}; see the treebank's trees/dev.txt")
        if symbol == "(":
            open_phrases.append((len(words), _label(next(symbols, ""), text)))
        elif symbol == ")":
            start, label = open_phrases.pop()
            labels[start, len(words)] = label
            closed = not open_phrases
        else:
            words.append(_BRACKETS.get(symbol, symbol))
    if not closed or not words:
        raise DataError(f"expected a tree with matching brackets and words, got {text!r}; mend or drop it")
    return LabelledTree(tuple(words), labels)


def read_treebank(path: str | Path, max_words: int | None = None) -> list[LabelledTree]:
    """Read a file with one tree a line; longer sentences than `max_words` are left out.

    Raises:
        DataError: the file is missing, or a line is no tree (with its number).
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"expected a treebank file, cannot read {path}: {error.strerror}") from error
    trees = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                trees.append(parse_tree(line))
            except DataError as error:
                raise DataError(f"{path}, line {number}: {error}") from error
    return [tree for tree in trees if max_words is None or len(tree.words) <= max_words]


def _label(symbol: str, text: str) -> int:
    if symbol.isdecimal() and int(symbol) <= _MAX_LABEL:
        return int(symbol)
    raise DataError(f"expected a label from 0 to {_MAX_LABEL} after each bracket, got {symbol!r} in {text!r}")
