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
SEQUENTIAL = "Blues"


def run_colors(names: Sequence[str]) -> dict[str, str]:
    """Return the color of each run: a function of the order of the names, the same in every figure."""
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(names)}


def run_lines(names: Sequence[str]) -> dict[str, LineStyle]:
    """Return the line style of each run: those that share a color differ in it."""
    return {name: LINE_STYLES[i // len(PALETTE) % len(LINE_STYLES)] for i, name in enumerate(names)}


def ink_on(shade: float) -> str:
    """Return the text color that is readable on a shade of a color map (0 lightest, 1 darkest)."""
    return "white" if shade > 0.55 else INK
