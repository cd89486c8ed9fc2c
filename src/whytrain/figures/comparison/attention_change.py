"""Where a sentence's attention lies in two runs: weights, their change, and one against the other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from whytrain.counted import counted
from whytrain.figures.base.runs import key, run_label
from whytrain.figures.base.style import SMALL_SIZE, WIDTH, Margins, dress, finish, grid, new_figure
from whytrain.figures.base.text import shortened, shown, widest
from whytrain.figures.comparison.before_after import (
    MOST_ROWS,
    ROW,
    Array,
    TwoRuns,
    change_bars,
    check_sides,
    paired_bars,
    strongest,
)
from whytrain.presentation.palette import GRAY, INK, RIGHT, WRONG

_NAMED = 3  # points of the scatter that have their words beside them
_SCATTER = 3.1  # inches


def attention_change(
    words: Sequence[str],
    before: Array,
    after: Array,
    runs: TwoRuns,
    special: Collection[int] = (),
) -> Figure:
    """Draw the attention weights of a sentence in two runs: bars, difference, scatter with the diagonal.

    Args:
        words: the words and special tokens; of more than 30 those of the largest weights are drawn.
        before: float (n,), weights in the baseline, summing to 1.
        after: float (n,), the same in the other run.
        runs: names and colors.
        special: positions of special tokens, which have no number.

    Raises:
        WhytrainError: not one weight for each word.
    """
    sides = (before, after)
    check_sides("attention_change", words, *sides)
    rows = strongest(*sides, MOST_ROWS)
    numbers = np.cumsum([i not in special for i in range(len(words))])
    names = [shown(words[i] if i in special else f"{numbers[i]} {words[i]}", 20) for i in rows]
    part = (
        f"the largest {len(rows)} of {len(words)} weights"
        if len(rows) < len(words)
        else counted(len(words), "weight")
    )
    figure = new_figure(
        max(1.75 + ROW * len(rows), 2.1 + _SCATTER),
        _title(words, sides),
        f"Attention weights of a sentence, which sum to 1; {part}",
    )
    left = widest(names, SMALL_SIZE) + 0.3
    top = key(figure, runs.handles) + 0.35
    bars_width = (WIDTH - left - _SCATTER - 1.6) / 2
    _, height = figure.get_size_inches()
    margins = Margins(left=left, right=WIDTH - left - 2 * bars_width - 0.3, top=top, across=0.3)
    cells = grid(figure, 1, 2, margins)
    both, change = (figure.add_subplot(cells[i]) for i in range(2))
    dress(both, "weights", x="attention weight", gridlines="x")
    paired_bars(both, names, (sides[0][rows], sides[1][rows]), runs.colors)
    space = Margins(left=WIDTH - _SCATTER - 0.3, right=0.3, top=top, bottom=height - top - _SCATTER)
    scatter = figure.add_subplot(grid(figure, 1, 1, space)[0])
    dress(change, "difference", x="change of the weight", gridlines="x")
    change_bars(change, (after - before)[rows])
    _scatter(scatter, words, sides, runs)
    return finish(figure)


def _scatter(ax: Axes, words: Sequence[str], sides: tuple[Array, Array], runs: TwoRuns) -> None:
    before, after = sides
    dress(
        ax, "one against the other", x=run_label(runs.names[0]), y=run_label(runs.names[1]), gridlines="both"
    )
    end = 1.18 * max(float(before.max()), float(after.max()))
    ax.plot([0, end], [0, end], color=GRAY, linestyle="--", linewidth=1)
    colors = [RIGHT if change >= 0 else WRONG for change in after - before]
    ax.scatter(before, after, s=26, c=colors, zorder=3)
    for i in _far_apart(before, after, end):
        ax.annotate(
            shown(words[i], 12),
            (float(before[i]), float(after[i])),
            (5, 0) if before[i] < 0.6 * end else (-5, 0),
            textcoords="offset points",
            ha="left" if before[i] < 0.6 * end else "right",
            va="center",
            fontsize=SMALL_SIZE,
            color=INK,
        )
    ax.set_xlim(0, end)
    ax.set_ylim(0, end)


def _far_apart(before: Array, after: Array, end: float) -> list[int]:
    """Return the points that changed most and whose names have room above and below each other."""
    named: list[int] = []
    for i in np.argsort(-np.abs(after - before), kind="stable").tolist():
        if len(named) < _NAMED and all(abs(after[i] - after[j]) > 0.08 * end for j in named):
            named.append(i)
    return named


def _title(words: Sequence[str], sides: tuple[Array, Array]) -> str:
    change = sides[1] - sides[0]
    most = int(np.abs(change).argmax())
    if change[most] == 0:
        return "The attention weights are the same"
    verb = "gained" if change[most] > 0 else "lost"
    return (
        f"“{shortened(words[most])}” {verb} most attention: {sides[0][most]:.3f} became {sides[1][most]:.3f}"
    )
