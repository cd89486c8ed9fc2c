"""A sentence whose words are colored by their scores, as HTML."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.attribution import Quantity
from whytrain.errors import WhytrainError
from whytrain.pages.html import visible
from whytrain.presentation.palette import NEGATIVE, POSITIVE, SIZE, text_on
from whytrain.presentation.wording import all_together, score, scores_of

_VISIBLE = 0.02  # share of the largest |score| below which a color cannot be told from the paper
_PAPER, _DARK_PAPER = "#ffffff", "#1b1d21"


def colored_sentence(
    words: Sequence[str],
    values: NDArray[np.float64],
    *,
    quantity: Quantity,
    class_name: str,
    standard_errors: NDArray[np.float64] | None = None,
) -> str:
    """Return a sentence as a self-contained HTML figure: red words speak for the class, blue ones against it.

    The background grows from the paper's to the full color with |score| / max|score|; words below zero are
    also underlined with dashes, so that color is not needed, where there is any to be seen. Scores without
    signs are purple. Each word shows its score where the pointer rests on it. The paper is white, or dark
    where the page around it says that it can be (`color-scheme`). There are no scripts, no links and no
    styles outside of the elements; all text is escaped, and each word keeps its own direction of writing.

    Args:
        words: the n words, in the order of the sentence.
        values: float (n,), the scores.
        quantity: what the scores are.
        class_name: which class they speak for.
        standard_errors: float (n,), of estimated values; shown beside them.

    Raises:
        WhytrainError: no words, or not one finite value for each.

    >>> phi = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
    >>> html = colored_sentence(["not", "good"], np.array([-1.0, 0.5]), quantity=phi, class_name="<b>")
    >>> "not</span> <span" in html, "&lt;b&gt;" in html
    (True, True)
    """
    values = np.asarray(values, dtype=float)
    if not len(words) == len(values) > 0 or not np.isfinite(values).all():
        raise WhytrainError(
            f"colored_sentence: expected one finite value per word, at least one; came {len(words)} words "
            f"and {int(np.isfinite(values).sum())} finite values"
        )
    largest = float(np.abs(values).max())
    errors = [""] * len(words)
    if standard_errors is not None:
        errors = [f" ± {error:.2g}" for error in standard_errors]
    spans = [
        _span(word, value, largest or 1.0, quantity, error)
        for word, value, error in zip(words, values.tolist(), errors, strict=True)
    ]
    gaps = ["" if _is_ideograph(left) and _is_ideograph(right) else " " for left, right in pairwise(words)]
    colored = "".join(span + gap for span, gap in zip(spans, [*gaps, ""], strict=True))
    legend = (
        f"Red words speak for {escape(visible(class_name))}, blue underlined ones against it; the stronger "
        "the color, the more."
        if quantity.signed
        else "The stronger the color, the more weight a word has."
    )
    return (
        '<figure style="margin:1em 0;font-family:sans-serif">'
        f'<p dir="{direction(words)}" style="line-height:2.1;margin:0;overflow-wrap:anywhere">'
        f"{colored}"
        '</p><figcaption style="font-size:0.85em;opacity:0.8;margin-top:0.3em">'
        f'<p style="margin:0">{legend}</p>'
        f"{_strip(largest, quantity)} "
        f"{escape(visible(scores_of(quantity, class_name)))}{all_together(quantity, float(values.sum()))}"
        "</figcaption></figure>"
    )


def _strip(largest: float, quantity: Quantity) -> str:
    """Return the colors in a row, between the scores of its ends."""
    ends = (-largest if quantity.signed else 0.0, largest)
    strips = [
        f"linear-gradient(to right,{NEGATIVE},{paper},{POSITIVE})"
        if quantity.signed
        else f"linear-gradient(to right,{paper},{SIZE})"
        for paper in (_PAPER, f"light-dark({_PAPER},{_DARK_PAPER})")
    ]
    first, last = (score(end, quantity, largest) for end in ends) if largest else ("0", "0")
    return (
        f"{first} "
        f'<span style="display:inline-block;width:8em;height:0.8em;vertical-align:middle;'
        f'background:{strips[0]};background:{strips[1]}">'
        f"</span> {last}"
    )


def direction(words: Sequence[str]) -> str:
    """Return `rtl` where the first letter of a text is of a script that is written from right to left.

    >>> direction(["42", "فيلم", "good"]), direction(["good"])
    ('rtl', 'ltr')
    """
    kinds = (unicodedata.bidirectional(c) for word in words for c in word)
    return "rtl" if next((kind for kind in kinds if kind in {"L", "R", "AL"}), "L") in {"R", "AL"} else "ltr"


def colored_style(value: float, scale: float, quantity: Quantity) -> str:
    """Return the style of an element with a score: its background, and what can be read on it.

    Args:
        value: the score.
        scale: the largest |score| of those around it, which has the full color.
        quantity: what the score is.
    """
    color = SIZE if not quantity.signed else POSITIVE if value >= 0 else NEGATIVE
    light, dark = (_mixed(paper, color, abs(value) / scale) for paper in (_PAPER, _DARK_PAPER))
    underline = "text-decoration:underline dashed;" if value < -_VISIBLE * scale else ""
    return (
        f"background:{light};color:{text_on(light)};background:light-dark({light},{dark});"
        f"color:light-dark({text_on(light)},{text_on(dark)});{underline}"
    )


def _span(word: str, value: float, scale: float, quantity: Quantity, error: str) -> str:
    tip = f"{quantity.symbol} = {score(value, quantity, scale)}{error}"
    style = (
        f"{colored_style(value, scale, quantity)}"
        "unicode-bidi:isolate;padding:0.15em 0.25em;border-radius:0.2em"
    )
    return f'<span title="{escape(tip)}" style="{style}">{escape(visible(word))}</span>'


def _mixed(paper: str, color: str, strength: float) -> str:
    """Return the paper's color mixed with another one: 0 is the paper, 1 the other."""
    pairs = [(int(paper[i : i + 2], 16), int(color[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * strength):02x}" for a, b in pairs)


def _is_ideograph(word: str) -> bool:
    return len(word) == 1 and unicodedata.east_asian_width(word) in {"W", "F"}
