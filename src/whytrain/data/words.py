"""Words: what a person counts, and the players of explanations."""

from __future__ import annotations

import re
from functools import lru_cache

# Han with its extensions, kana, bopomofo, CJK punctuation and full-width forms. Hangul is written with
# spaces and so is left to the whitespace rule.
CJK_CHARACTERS = (
    "\u2e80-\u2fdf\u3000-\u30ff\u3100-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\ufe30-\ufe4f\uff01-\uff9f\U0001b000-\U0001b16f\U00020000-\U000323af"
)
_EDGES = re.compile(r"^\W+|\W+$")
_WORD = re.compile(rf"[{CJK_CHARACTERS}]|[^\s{CJK_CHARACTERS}]+")


def split_words(text: str) -> list[str]:
    """Return the words of a text: whitespace tokens, or single characters in CJK text.

    >>> split_words("good,  really good")
    ['good,', 'really', 'good']
    >>> split_words("iPhone很好")
    ['iPhone', '很', '好']
    """
    if text.isascii():
        return text.split()
    return [match.group() for match in _WORD.finditer(text) if not match.group().isspace()]


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return the first character and the one after the last, of every word of `split_words`."""
    return [match.span() for match in _WORD.finditer(text) if not match.group().isspace()]


@lru_cache(maxsize=1 << 16)  # a corpus says few words many times
def bare_word(word: str) -> str:
    """Return a word in lower case without the punctuation around it; punctuation alone stays.

    >>> [bare_word(word) for word in ("Good,", "n't", "--")]
    ['good', "n't", '--']
    """
    lowered = word.lower()
    return _EDGES.sub("", lowered) or lowered


def normalize_whitespace(text: str) -> str:
    """Return the words of a text with one space between them: two rows are the same sentence if equal."""
    return " ".join(text.split() if text.isascii() else split_words(text))
