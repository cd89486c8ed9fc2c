"""A sentence whose words are colored by their scores, as HTML."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.attribution import Quantity
from whytrain.errors import WhytrainError
from whytrain.presentation.palette import NEGATIVE, POSITIVE, SIZE, text_on
from whytrain.presentation.wording import all_together, score, scores_of

_CONTROLS = {"Cc", "Cf"}


def colored_sentence(
    words: Sequence[str],
    values: NDArray[np.float64],
    *,
    quantity: Quantity,
    class_name: str,
    standard_errors: NDArray[np.float64] | None = None,
) -> str:
    """Return a sentence as a self-contained HTML figure: red words speak for the class, blue ones against it.

    The background grows from white to the full color with |score| / max|score|; words below zero are also
    underlined with dashes, so that color is not needed. Scores without signs are purple. Each word shows its
    score where the pointer rests on it. There are no scripts, no links and no styles outside of the elements;
    all text is escaped.

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
    scale = float(np.abs(values).max()) or 1.0
    spans = []
    for i, (word, value) in enumerate(zip(words, values, strict=True)):
        error = "" if standard_errors is None else f" ± {standard_errors[i]:.2g}"
        tip = f"{quantity.symbol} = {score(float(value), quantity, scale)}{error}"
        spans.append(_span(word, _background(float(value), scale, quantity), tip, is_against=value < 0))
        if i + 1 < len(words) and not (_is_ideograph(word) and _is_ideograph(words[i + 1])):
            spans.append(" ")
    strip = f"{NEGATIVE},#ffffff,{POSITIVE}" if quantity.signed else f"#ffffff,{SIZE}"
    start, end = -scale if quantity.signed else 0.0, scale
    ends = [score(place, quantity, scale) for place in (start, end)] if values.any() else ["0", "0"]
    total = all_together(quantity, float(values.sum()))
    return (
        '<figure style="margin:1em 0;font-family:sans-serif;color:#222">'
        f'<p style="line-height:1.9;margin:0;overflow-wrap:anywhere">{"".join(spans)}</p>'
        '<figcaption style="font-size:0.85em;color:#555;margin-top:0.3em">'
        f"{ends[0]} "
        f'<span style="display:inline-block;width:8em;height:0.8em;vertical-align:middle;'
        f'background:linear-gradient(to right,{strip})">'
        f"</span> {ends[1]} "
        f"{escape(_clean(scores_of(quantity, class_name)))}{total}"
        "</figcaption></figure>"
    )


def _background(value: float, scale: float, quantity: Quantity) -> str:
    color = SIZE if not quantity.signed else POSITIVE if value >= 0 else NEGATIVE
    return _mixed(color, abs(value) / scale)


def _span(word: str, background: str, tip: str, *, is_against: bool) -> str:
    underline = "text-decoration:underline dashed;" if is_against else ""
    colors = f"background:{background};color:{text_on(background)}"
    style = f"{colors};{underline}padding:0.15em 0.25em;border-radius:0.2em"
    return f'<span title="{escape(tip)}" style="{style}">{escape(_clean(word))}</span>'


def _mixed(color: str, strength: float) -> str:
    """Return white mixed with a color: 0 is white, 1 the color."""
    parts = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in parts)


def _clean(text: str) -> str:
    """Remove controls: some are forbidden in HTML, those of the writing direction reorder what follows."""
    return "".join(c for c in str(text) if unicodedata.category(c) not in _CONTROLS or c == "\u200d")


def _is_ideograph(word: str) -> bool:
    return len(word) == 1 and unicodedata.east_asian_width(word) in {"W", "F"}
