"""How the payoff grows, word by word, from the empty to the full sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.target import UNITS
from whytrain.figures.base.signs import sign_colors
from whytrain.figures.base.style import (
    SMALL_SIZE,
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
from whytrain.presentation.wording import MINUS, signed
from whytrain.types import Payoff

_ROW = 0.25  # inches
_NEUTRAL: dict[Payoff, float | None] = {"probability": 0.5, "log_odds": 0.0, "logit": None}


def cumulative_path(
    words: Sequence[str],
    path: NDArray[np.float64],
    order: NDArray[np.int64],
    *,
    payoff: Payoff,
    quantity: Quantity,
    class_name: str,
) -> Figure:
    """Draw the payoff while words are added by importance; with `payoff="probability"` as in the paper.

    Args:
        words: the n words, in the order of the sentence.
        path: float (n + 1,), v(∅), v(first), …, v(N), see `whytrain.attribution.deletion.Deletion`.
        order: int (n,), positions of the words in the order of their addition, by the size of their scores.
        payoff: what v is.
        quantity: what the scores are that order the words.
        class_name: whose payoff.

    Raises:
        WhytrainError: lengths that do not fit.
    """
    n = len(words)
    need(
        len(path) == n + 1 and len(order) == n and n > 0,
        f"cumulative_path: expected {n} positions and {n + 1} payoffs for {n} words, at least one word; "
        f"came {len(order)} and {len(path)}",
    )
    names = ["no words", *(shown(f"+ {words[i]}", 26) for i in order)]
    unit = UNITS[payoff]
    figure = new_figure(
        1.0 + len(names) * _ROW + 0.65,
        _title(path, unit, class_name),
        f"Words are added by |{quantity.symbol}| ({quantity.name}), the largest first; a bar is what its "
        "word changes then",
    )
    margins = Margins(left=widest(names, SMALL_SIZE) + 0.3, right=0.4, top=0.85, bottom=0.65)
    ax = figure.add_subplot(grid(figure, 1, 1, margins)[0])
    dress(ax, x=f"{unit} of {shown(class_name, 30)}", gridlines="x")
    _steps(ax, np.asarray(path, dtype=float))
    neutral = _NEUTRAL[payoff]
    if neutral is not None:
        ax.axvline(neutral, color=GRAY, linestyle="--", linewidth=1)
    ax.set_yticks(range(n + 1), names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(n + 0.5, -0.5)
    return finish(figure)


def _steps(ax: Axes, path: NDArray[np.float64]) -> None:
    changes = np.diff(path)
    rows = np.arange(1, len(path))
    ax.barh(rows, changes, left=path[:-1], height=0.68, color=sign_colors(changes))
    ax.vlines(path[:-1], rows - 1, rows, color=INK, linewidth=1)
    ax.plot(path, range(len(path)), "o", color=INK, markersize=3.5)
    scale = finite_range(path - path[0])
    for row, (value, change) in enumerate(zip(path, [-changes[0], *changes], strict=True)):
        text = f"{value:.3f}".replace("-", MINUS) if row == 0 else signed(float(change), scale)
        side = 1 if change >= 0 else -1
        ax.annotate(
            text,
            (value, row),
            (6 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=SMALL_SIZE - 1,
            color=INK,
        )
    low, high = float(path.min()), float(path.max())
    room = 0.12 * max(high - low, scale, 1e-6)
    ax.set_xlim(low - room, high + room)


def _title(path: NDArray[np.float64], unit: str, class_name: str) -> str:
    ends = f"{path[0]:.2f} without words to {path[-1]:.2f} with all"
    return f"The {unit} of {class_name} goes from {ends}".replace(" -", f" {MINUS}")
