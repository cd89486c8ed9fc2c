"""A sentence whose words are colored by their Shapley values, as HTML."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from whytrain.errors import WhytrainError
from whytrain.presentation.palette import NEGATIVE, POSITIVE, text_on
from whytrain.presentation.wording import UNITS, signed
from whytrain.types import Payoff

_CONTROLS = {"Cc", "Cf"}


def colored_sentence(
    words: Sequence[str],
    values: NDArray[np.float64],
    *,
    payoff: Payoff,
    class_name: str,
    standard_errors: NDArray[np.float64] | None = None,
) -> str:
    """Return a sentence as a self-contained HTML figure: red words raise the payoff, blue ones lower it.

    The background grows from white to the full color with |φ| / max|φ|; words below zero are also underlined
    with dashes, so that color is not needed. Each word shows its value where the pointer rests on it. There
    are no scripts, no links and no styles outside of the elements; all text is escaped.

    Args:
        words: the n words, in the order of the sentence.
        values: float (n,), φ; unit of the payoff.
        payoff: what φ is a share of.
        class_name: whose payoff.
        standard_errors: float (n,), of estimated values; shown beside them.

    Raises:
        WhytrainError: no words, or not one finite value for each.

    >>> html = colored_sentence(["not", "good"], np.array([-1.0, 0.5]), payoff="log_odds", class_name="<b>")
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
        spans.append(_span(word, float(value), scale, f"φ = {signed(float(value), scale)}{error}"))
        if i + 1 < len(words) and not (_is_ideograph(word) and _is_ideograph(words[i + 1])):
            spans.append(" ")
    unit, name = UNITS[payoff], escape(_clean(class_name))
    strip = f"linear-gradient(to right,{NEGATIVE},#ffffff,{POSITIVE})"
    ends = [signed(end, scale) for end in (-scale, scale)] if values.any() else ["0", "0"]
    return (
        '<figure style="margin:1em 0;font-family:sans-serif;color:#222">'
        f'<p style="line-height:1.9;margin:0;overflow-wrap:anywhere">{"".join(spans)}</p>'
        '<figcaption style="font-size:0.85em;color:#555;margin-top:0.3em">'
        f"{ends[0]} "
        f'<span style="display:inline-block;width:8em;height:0.8em;vertical-align:middle;background:{strip}">'
        f"</span> {ends[1]} "
        f"Shapley value φ of each word, {unit} of {name}; all together {signed(float(values.sum()))}"
        "</figcaption></figure>"
    )


def _span(word: str, value: float, scale: float, tip: str) -> str:
    strength = abs(value) / scale
    background = _mixed(POSITIVE if value >= 0 else NEGATIVE, strength)
    underline = "text-decoration:underline dashed;" if value < 0 else ""
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
