"""Scripts that are written without spaces: their characters and syllables, and words where ICU is there."""

from __future__ import annotations

import re
import unicodedata
from threading import local
from typing import Any

# Han with its extensions, kana, bopomofo, CJK punctuation and full-width forms. Hangul is written with
# spaces and so is left to the whitespace rule.
CJK_CHARACTERS = (
    "\u2e80-\u2fdf\u3000-\u30ff\u3100-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\ufe30-\ufe4f\uff01-\uff9f\U0001b000-\U0001b16f\U00020000-\U000323af"
)
# Thai, Lao, Burmese with its extensions, Khmer, Tai Le, New Tai Lue, Tai Tham, Tai Viet.
_BLOCKS = (
    *((0x0E00, 0x0E7F), (0x0E80, 0x0EFF), (0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F)),
    *((0x1780, 0x17FF), (0x1950, 0x197F), (0x1980, 0x19DF), (0x1A20, 0x1AAF), (0xAA80, 0xAADF)),
)
SYLLABLE_CHARACTERS = "".join(f"{chr(first)}-{chr(last)}" for first, last in _BLOCKS)
_BEFORE = "\u0e40-\u0e44\u0ec0-\u0ec4"  # vowels that are written before their consonant
_BEHIND = (
    "\u0e2f\u0e30\u0e32\u0e33\u0e45\u0e46\u0eaf\u0eb0\u0eb2\u0eb3\u0ebd\u0ec6"  # letters that follow one
)
_STACKING = "\u1039\u17d2\u1a60"  # the next consonant stands below
_FINAL = "[\u1000-\u1021]\u1037?\u103a"  # a Burmese consonant that ends its syllable


def _of_blocks(category: str, without: str = "") -> str:
    """Return the characters of the blocks whose Unicode category begins so, for a class in an expression."""
    left_out = re.compile(f"[{without}]") if without else None
    characters = (chr(code) for first, last in _BLOCKS for code in range(first, last + 1))
    return "".join(
        c
        for c in characters
        if unicodedata.category(c)[0] == category and not (left_out and left_out.match(c))
    )


_LETTER = f"[{_of_blocks('L', _BEFORE + _BEHIND)}]"
# One syllable, roughly: what no reader would take apart. Python and the `tokenizers` library read it alike.
SYLLABLE = (
    f"[{_BEFORE}]*{_LETTER}(?:[{_STACKING}]{_LETTER}|{_FINAL}|[{_BEHIND}{_of_blocks('M')}])*"
    f"|[{_of_blocks('N')}]+|[{SYLLABLE_CHARACTERS}]"
)


_OF_THREAD = local()  # a breaker holds the text that it breaks


def word_breaker() -> Any | None:
    """Return ICU's rule for the words of all scripts; None where the extra `segmentation` is missing.

    References:
        Unicode Standard Annex 29; ICU has dictionaries for Chinese, Japanese, Thai, Lao, Khmer, Burmese.
    """
    if not hasattr(_OF_THREAD, "breaker"):
        try:
            import icu
        except ImportError:
            _OF_THREAD.breaker = None
        else:
            _OF_THREAD.breaker = icu.BreakIterator.createWordInstance(icu.Locale.getRoot())
    return _OF_THREAD.breaker


def unspaced_words(run: str) -> list[int] | None:
    """Return where the words of a run without spaces end; None where nothing knows words.

    Args:
        run: characters of scripts that are written without spaces, such as "这部电影".
    """
    breaker = word_breaker()
    if breaker is None:
        return None
    breaker.setText(run)
    ends = list(breaker)
    if max(run) <= "\uffff":
        return ends
    position, of_unit = 0, {}  # ICU counts in UTF-16
    for number, character in enumerate(run, start=1):
        position += 1 + (character > "\uffff")
        of_unit[position] = number
    return [of_unit[end] for end in ends]
