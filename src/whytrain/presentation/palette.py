"""The colors of all figures and pages: color-blind safe, the same for the same thing everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

# Okabe and Ito (2008), Color universal design; black and yellow are left out (text, too faint on white).
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
LineStyle = Literal["-", "--", ":", "-."]
LINE_STYLES: tuple[LineStyle, ...] = ("-", "--", ":", "-.")
TRAIN, VALIDATION, TEST = "#E69F00", "#0072B2", "#009E73"
RIGHT, WRONG = "#009E73", "#D55E00"
GRAY, LIGHT_GRAY, INK = "#767676", "#D9D9D9", "#222222"
# The ends of ColorBrewer's RdBu, which color-blind readers tell apart: red raises the payoff, blue lowers it.
POSITIVE, NEGATIVE = "#B2182B", "#2166AC"
DIVERGING = "RdBu_r"
# Near the end of ColorBrewer's Purples: the size of what speaks neither for nor against.
SIZE, SIZES = "#54278F", "Purples"
SEQUENTIAL = "Blues"


def run_colors(names: Sequence[str]) -> dict[str, str]:
    """Return the color of each run: a function of the order of the names, the same in every figure."""
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(names)}


def run_lines(names: Sequence[str]) -> dict[str, LineStyle]:
    """Return the line style of each run: those that share a color differ in it."""
    return {name: LINE_STYLES[i // len(PALETTE) % len(LINE_STYLES)] for i, name in enumerate(names)}


def text_on(color: str | Sequence[float]) -> str:
    """Return black or white, whichever is easier to read on a color: a contrast of 4.6 or more.

    Args:
        color: "#rrggbb", or red, green and blue in [0, 1] (more is ignored).

    References:
        W3C (2018), Web Content Accessibility Guidelines 2.1: relative luminance, contrast ratio.

    >>> text_on("#ffffff"), text_on((0.0, 0.2, 0.4))
    ('#000000', '#ffffff')
    """
    rgb = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] if isinstance(color, str) else color
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # Equal contrast where (L + 0.05) / 0.05 = 1.05 / (L + 0.05).
    return "#000000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"
