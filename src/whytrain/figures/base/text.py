"""Text from data in a figure: any script, any length, never mathematics, never a missing glyph.

DejaVu Sans, which comes with matplotlib, has no Chinese, Japanese or Korean. Where one of `CJK_FAMILIES` is
installed (Debian and Ubuntu: `apt install fonts-noto-cjk`) it stands in for what DejaVu lacks; a character
that no font here can draw becomes an empty box, without a warning.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

BASE_FAMILY = "DejaVu Sans"
CJK_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "IPAexGothic",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Malgun Gothic",
    "Arial Unicode MS",
)
_CJK_FILES = ("notosanscjk", "notosanssc", "sourcehansans", "wqy", "droidsansfallback", "ipaexg")
_BOX = "□"
# Hebrew, Arabic, Syriac, Thaana, N'Ko, Samaritan, Mandaic and the forms that stand for Hebrew and Arabic.
_LETTER = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]"
_RIGHT_TO_LEFT = re.compile(f"{_LETTER}+(?: +{_LETTER}+)*")
_SELECTORS = "\ufe0e\ufe0f"
_FALLBACK = "whytrain CJK"  # our name for whichever font was found, so that every weight finds it silently


def shown(text: str, columns: int = 24) -> str:
    r"""Return text for a matplotlib artist: `shortened`, and with "$" taken literally.

    >>> shown("costs $5 or $6", 12)
    'costs \\$5 or…'
    """
    return shortened(text, columns).replace("$", r"\$")


def shown_end(text: str, columns: int = 24) -> str:
    """Return text like `shown`, but where it is too long its end: of dotted names the telling part."""
    line = shortened(text, 4 * len(text) + 1)
    start = 0
    while sum(_columns(c) for c in line[start:]) > columns - (start > 0):
        start += 1
    return ("…" * (start > 0) + line[start:]).replace("$", r"\$")


def shown_name(text: str, columns: int = 24) -> str:
    """Return text like `shown`, but shortened as `shortened_name` does."""
    return shortened_name(text, columns).replace("$", r"\$")


def shortened(text: str, columns: int = 24) -> str:
    r"""Return text on one line that the fonts can draw, at most `columns` wide.

    Args:
        text: anything, e.g. a word of a user's data.
        columns: room, counted in narrow characters; a CJK character takes two. What is longer ends in "…".

    >>> shortened("a  very\nlong story", 10)
    'a very lo…'
    """
    line = unicodedata.normalize("NFC", " ".join(str(text).split()))
    # Controls and the selectors of an emoji's form have no picture; an accent that no font has goes too;
    # anything else without a glyph becomes a box.
    visible = [c for c in line if unicodedata.category(c) not in {"Cc", "Cf"} and c not in _SELECTORS]
    visible = [c for c in visible if unicodedata.category(c) != "Mn" or _drawable(c)]
    drawn = [c if _drawable(c) else _BOX for c in visible]
    widths = [_columns(c) for c in drawn]
    if sum(widths) > columns:
        room, kept = columns - 1, 0
        while kept < len(drawn) and widths[kept] <= room:
            room -= widths[kept]
            kept += 1
        drawn = [*drawn[:kept], "…"]
    return "".join(drawn)


def shortened_name(text: str, columns: int = 24) -> str:
    """Return text like `shortened`, but cut in its middle: names of classes may differ at either end.

    >>> [shortened_name(name, 12) for name in ("rather negative", "rather positive", "short")]
    ['rather…ative', 'rather…itive', 'short']
    """
    line = shortened(text, 4 * len(text) + 1)
    if sum(map(_columns, line)) <= columns:
        return line
    half = (columns - 1) // 2
    head = shortened(line, columns - half).removesuffix("…")
    tail = shortened(line[::-1], half + 1).removesuffix("…")[::-1]
    return f"{head}…{tail}"


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width in inches of one line of text that `shown` returned, at `size` points."""
    width = sum(_advance(character, bold=bold) for character in text.replace(r"\$", "$"))
    return 1.04 * width * size / 72  # drawn glyphs stand on whole pixels: up to 3% wider at these sizes


def widest(texts: list[str], size: float, *, bold: bool = False) -> float:
    """Return the width in inches of the widest of some texts, 0 for none."""
    return max((text_width(text, size, bold=bold) for text in texts), default=0.0)


def isolated(text: str) -> str:
    """Return text whose right-to-left words do not turn the order of what stands around them.

    Each run of right-to-left words, with the spaces in it, becomes an isolate of Unicode's bidirectional
    algorithm.

    References:
        Unicode Standard Annex 9, Unicode bidirectional algorithm: isolates, FSI … PDI.

    >>> isolated("“שלום” moves most").encode("unicode_escape").count(b"u206")
    2
    >>> isolated("plain")
    'plain'
    """
    return _RIGHT_TO_LEFT.sub("\N{FIRST STRONG ISOLATE}\\g<0>\N{POP DIRECTIONAL ISOLATE}", text)


def set_fonts(figure: Figure) -> None:
    """Let every text of a figure that is not plain ASCII use the fonts that `shown` knows, words isolated."""
    for artist in [*figure.texts, *figure.legends, *(child for ax in figure.axes for child in _parts(ax))]:
        for text in [artist] if isinstance(artist, Text) else artist.findobj(Text):
            assert isinstance(text, Text)
            if not text.get_text().isascii():
                text.set_text(isolated(text.get_text()))
                text.set_fontfamily(list(_families()))


def _parts(ax: Axes) -> list[Artist]:
    """Return what holds text in axes, without the ticks of numeric axes: finding those makes them."""
    parts: list[Artist] = [child for child in ax.get_children() if isinstance(child, Text | Legend)]
    for axis in (ax.xaxis, ax.yaxis):
        parts.append(axis.label)
        if isinstance(axis.get_major_locator(), FixedLocator):
            parts.extend(axis.get_ticklabels())
    return parts


@cache
def cjk_family() -> str | None:
    """Return the first of `CJK_FAMILIES` that is installed, or None."""
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    if not installed.intersection(CJK_FAMILIES):
        # matplotlib remembers the fonts of its first start: look again for those that came later.
        for path in font_manager.findSystemFonts():
            name = Path(path).name.lower().replace("-", "").replace("_", "")
            if name.startswith(_CJK_FILES):
                font_manager.fontManager.addfont(path)
        installed = {entry.name for entry in font_manager.fontManager.ttflist}
    return next((family for family in CJK_FAMILIES if family in installed), None)


@cache
def _families() -> tuple[str, ...]:
    family = cjk_family()
    if family is None:
        return (BASE_FAMILY,)
    fonts = font_manager.fontManager.ttflist
    found = next(entry for entry in fonts if entry.name == family)
    # matplotlib logs a warning where a font lacks a weight, and most CJK fonts have one only.
    fonts += [replace(found, name=_FALLBACK, style="normal", weight=weight) for weight in (400, 700)]
    return (BASE_FAMILY, _FALLBACK)


@cache
def _paths(*, bold: bool) -> tuple[str, ...]:
    weight = "bold" if bold else "normal"
    properties = [font_manager.FontProperties(family=[name], weight=weight) for name in _families()]
    return tuple(font_manager.findfont(one) for one in properties)


@cache
def _advance(character: str, *, bold: bool) -> float:
    """Return how far a character moves the pen, in units of the font size."""
    first = next((i for i, charmap in enumerate(_charmaps()) if ord(character) in charmap), 0)
    font = font_manager.get_font(_paths(bold=bold)[first])
    font.set_size(100, 72)
    return float(font.load_char(ord(character)).linearHoriAdvance) / 65536 / 100


@cache
def _charmaps() -> tuple[frozenset[int], ...]:
    return tuple(frozenset(font_manager.get_font(path).get_charmap()) for path in _paths(bold=False))


def _drawable(character: str) -> bool:
    return " " <= character <= "~" or any(ord(character) in charmap for charmap in _charmaps())


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
