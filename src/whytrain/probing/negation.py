"""Negations in English sentences, and the words that each is about, by a plain rule."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.data.words import bare_word

_NEGATIONS = frozenset(
    """not n't never no nor neither none nobody nothing nowhere without hardly barely cannot isnt dont doesnt
    didnt wont cant""".split()  # noqa: SIM905  (a list takes a line for each)
)
_ENDS = frozenset(".,;:!?")


def is_negation(word: str) -> bool:
    """Whether a word says no: "not", "never", "without", …, or ends in "n't".

    >>> [is_negation(word) for word in ("Not", "isn't", "note")]
    [True, True, False]
    """
    bare = bare_word(word).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return bare in _NEGATIONS or bare.endswith("n't")


def negation_scope(words: Sequence[str]) -> list[bool]:
    """Whether each word is within a negation's scope: behind it, before the next punctuation or "but".

    References:
        Das, Chen (2001), Yahoo! for Amazon, the usual rule of sentiment analysis since.

    >>> negation_scope(["not", "good", ",", "but", "short"])
    [False, True, False, False, False]
    """
    scope, inside = [], False
    for word in words:
        if not any(map(str.isalnum, word)) or bare_word(word) == "but":
            inside = inside and not _ENDS.intersection(word) and bare_word(word) != "but"
            scope.append(False)
            continue
        scope.append(inside and not is_negation(word))
        inside = (inside or is_negation(word)) and word[-1] not in _ENDS
    return scope
