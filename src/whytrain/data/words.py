"""Words: what a person counts, and the players of explanations."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from whytrain.data.scripts import CJK_CHARACTERS, SYLLABLE, SYLLABLE_CHARACTERS, unspaced_words

_EDGES = re.compile(r"^\W+|\W+$")
_CORE = re.compile(r"\w(?:.*\w)?", re.DOTALL)
_UNSPACED = f"{CJK_CHARACTERS}{SYLLABLE_CHARACTERS}"
_ATOM = re.compile(rf"[{CJK_CHARACTERS}]|{SYLLABLE}|[^\s{_UNSPACED}]+")
_RUN = re.compile(rf"[{_UNSPACED}]+|[^\s{_UNSPACED}]+")
_SPACED = re.compile(r"\S+")
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), 0x00AD, 0x2060, 0xFEFF, 0xFE0E, 0xFE0F])


def split_words(text: str) -> list[str]:
    """Return the words of a text: what spaces separate.

    In scripts without spaces a word is what ICU's dictionaries know (the extra `segmentation`), without it
    a single Chinese or Japanese character or a syllable of Thai, Lao, Khmer or Burmese.

    >>> split_words("good,  really good")
    ['good,', 'really', 'good']
    >>> split_words("iPhone 很")
    ['iPhone', '很']
    """
    return text.split() if text.isascii() else [text[begin:end] for begin, end in word_spans(text)]


def word_spans(text: str, *, characters: bool = False) -> list[tuple[int, int]]:
    """Return the first character and the one after the last, of every word of `split_words`.

    Args:
        text: the text.
        characters: take words of scripts without spaces apart, as if nobody knew them.
    """
    if not is_unspaced(text):
        return [match.span() for match in _SPACED.finditer(text)]
    spans = []
    for match in _RUN.finditer(text):
        begin, end = match.span()
        unspaced = is_unspaced(text[begin])
        ends = [end - begin] if not unspaced else None if characters else unspaced_words(match.group())
        if ends is None:
            spans += [atom.span() for atom in _ATOM.finditer(text, begin, end)]
            continue
        spans += [(begin + a, begin + b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    return [(begin, end) for begin, end in spans if not text[begin:end].isspace()]


def is_unspaced(text: str) -> bool:
    """Whether a text has characters of a script that is written without spaces."""
    return not text.isascii() and _UNSPACED_CHARACTER.search(text) is not None


@lru_cache(maxsize=1 << 16)  # a corpus says few words many times
def bare_word(word: str) -> str:
    """Return a word in lower case without the punctuation around it; punctuation alone stays.

    >>> [bare_word(word) for word in ("Good,", "n't", "--")]
    ['good', "n't", '--']
    """
    lowered = word.lower()
    return _EDGES.sub("", lowered) or lowered


def bare_spans(text: str) -> list[tuple[str, int, int]]:
    """Return for every word of a text its bare form, where that begins in the text, and where it ends.

    >>> bare_spans("Good, (really)")
    [('good', 0, 4), ('really', 7, 13)]
    """
    found = []
    for begin, end in word_spans(text):
        core = _CORE.search(text, begin, end)
        found.append((bare_word(text[begin:end]), *(core.span() if core else (begin, end))))
    return found


def normalize_whitespace(text: str) -> str:
    """Return a text with one space between its words, in scripts without spaces between all characters.

    Other than `split_words` it does not depend on what is installed.
    """
    if text.isascii():
        return " ".join(text.split())
    return " ".join(match.group() for match in _ATOM.finditer(text) if not match.group().isspace())


def same_text(text: str) -> str:
    r"""Return what two texts have in common that a reader takes for the same sentence.

    Whitespace, case, invisible characters and the ways to write one character (NFC) make no difference.

    >>> same_text("Cafe\u0301  noir") == same_text("CAFÉ\u200b noir")
    True
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_INVISIBLE).casefold())
        return normalize_whitespace(text)
    return " ".join(text.lower().split())
