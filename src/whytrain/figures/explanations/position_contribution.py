"""What each word of a sentence contributes, in the order of the sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from whytrain.attribution.attribution import Quantity
from whytrain.counted import counted
from whytrain.figures.base.signs import sign_colors
from whytrain.figures.base.style import (
    SMALL_SIZE,
    WIDTH,
    Margins,
    dress,
    finish,
    finite_range,
    grid,
    need,
    new_figure,
)
from whytrain.figures.base.text import shown, widest
from whytrain.presentation.palette import GRAY, INK
from whytrain.presentation.wording import score, scores_of

_FEWEST_PLACES = 5  # a single bar must not fill the figure
_MOST_NUMBERS = 16  # bars that have room for their number


def position_contribution(
    words: Sequence[str],
    values: NDArray[np.float64],
    *,
    quantity: Quantity,
    class_name: str,
    standard_errors: NDArray[np.float64] | None = None,
) -> Figure:
    """Draw the scores of a sentence's words by position.

    Args:
        words: the n words, in the order of the sentence.
        values: float (n,), the scores.
        quantity: what the scores are.
        class_name: which class they speak for.
        standard_errors: float (n,), of estimated values; drawn as ± 1.96 of them.

    Raises:
        WhytrainError: no words, or not one value for each.
    """
    values = np.asarray(values, dtype=float)
    n = len(words)
    need(
        n == len(values) > 0,
        f"position_contribution: expected one value per word, at least one; came {n} and {len(values)}",
    )
    names = [shown(word, 18) for word in words]
    step = (WIDTH - 1.0) / max(n, _FEWEST_PLACES)
    upright = widest(names, SMALL_SIZE) > step - 0.06
    bottom = 0.25 + (widest(names, SMALL_SIZE) + 0.1 if upright else 0.25)
    figure = new_figure(3.6 + bottom, *_titles(values, scores_of(quantity, class_name)))
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=0.75, top=1.05, bottom=bottom))[0])
    dress(ax, f"{quantity.symbol} for {shown(class_name, 30)} ({quantity.unit})")
    ax.bar(range(n), values, color=sign_colors(values, has_signs=quantity.signed), width=0.75)
    if standard_errors is not None:
        ax.errorbar(
            range(n), values, 1.96 * np.asarray(standard_errors), fmt="none", ecolor=INK, elinewidth=1
        )
    elif n <= _MOST_NUMBERS:
        for i, value in enumerate(values):
            ax.annotate(
                score(float(value), quantity, finite_range(values)),
                (i, value),
                (0, 3 if value >= 0 else -3),
                textcoords="offset points",
                ha="center",
                va="bottom" if value >= 0 else "top",
                fontsize=SMALL_SIZE,
                color=INK,
            )
        ax.margins(y=0.12)
    ax.axhline(0, color=GRAY, linewidth=1)
    ax.set_xticks(range(n), names, rotation=90 if upright else 0)
    ax.tick_params(axis="x", length=0)
    side = max(n, _FEWEST_PLACES) / 2 + 0.1
    ax.set_xlim((n - 1) / 2 - side, (n - 1) / 2 + side)
    return finish(figure)


def _titles(values: NDArray[np.float64], what: str) -> tuple[str, str]:
    total = float(np.abs(values).sum())
    subtitle = f"{what}; {counted(len(values), 'word')} in the order of the sentence"
    if total == 0:
        return "No word contributes anything", subtitle
    first = float(np.abs(values[: (len(values) + 1) // 2]).sum()) / total
    return f"The first half of the sentence holds {first:.0%} of the importance", subtitle
