"""Methods of explanation by their scores: a panel per score, a dot with its interval per method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from whytrain.figures.base.runs import key
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import widest
from whytrain.presentation.palette import GRAY, INK, LIGHT_GRAY, PALETTE, RIGHT
from whytrain.statistics.intervals import Interval

_COLUMNS = 3  # panels side by side
_FLOOR = "random"
_TOP, _OTHER = RIGHT, PALETTE[0]


class ScorePanel(NamedTuple):
    """A score, to be drawn.

    Attributes:
        name: of the score.
        unit: of its values.
        higher_is_better: its direction.
        values: mean with its interval, by method.
        top: the methods that are not behind the best.
        best: what no explanation can beat; None where that is not known.
    """

    name: str
    unit: str
    higher_is_better: bool
    values: Mapping[str, Interval]
    top: frozenset[str]
    best: float | None


def method_scores(panels: Sequence[ScorePanel], n_texts: int) -> Figure:
    """Draw each method's mean score with its interval over texts.

    Args:
        panels: one per score, all of the same methods in the same order.
        n_texts: how many texts the means are over.
    """
    need(len(panels) > 0, "method_scores: expected at least one score, came none")
    methods = list(panels[0].values)
    n_rows = -(-len(panels) // _COLUMNS)
    n_columns = min(_COLUMNS, len(panels))
    panel_height = 0.45 + 0.24 * len(methods)
    figure = new_figure(
        1.15 + n_rows * (panel_height + 0.55),
        "Which explanation to believe: each method by each score",
        f"Mean over {n_texts} texts with its 95% interval; the arrow says which side is better",
    )
    handles = [
        Line2D([], [], color=_TOP, marker="o", label="the best, or not told apart from it"),
        Line2D([], [], color=_OTHER, marker="o", label="behind the best"),
        Patch(color=LIGHT_GRAY, label="random scores"),
    ]
    if any(panel.best is not None for panel in panels):
        handles.append(Line2D([], [], color=INK, linestyle=":", label="best possible order of words"))
    left = widest(methods, SMALL_SIZE) + 0.25
    margins = Margins(
        left=left, right=0.25, top=key(figure, handles) + 0.4, bottom=0.55, across=0.25, down=0.9
    )
    cells = grid(figure, n_rows, n_columns, margins)
    for place, panel in enumerate(panels):
        ax = figure.add_subplot(cells[place])
        _draw(ax, panel, methods, named=place % n_columns == 0)
    return finish(figure)


def _draw(ax: Axes, panel: ScorePanel, methods: Sequence[str], *, named: bool) -> None:
    better = f"{panel.unit}, better →" if panel.higher_is_better else f"← better, {panel.unit}"
    dress(ax, panel.name.replace("_", " "), x=better, gridlines="x")
    floor = panel.values.get(_FLOOR)
    if floor is not None:
        ax.axvspan(floor.low, floor.high, color=LIGHT_GRAY, linewidth=0)
    if panel.best is not None:
        ax.axvline(panel.best, color=INK, linestyle=":", linewidth=1.2)
    for row, method in enumerate(methods):
        interval = panel.values[method]
        color = _TOP if method in panel.top else GRAY if method == _FLOOR else _OTHER
        ax.plot([interval.low, interval.high], [row, row], color=color, linewidth=2, solid_capstyle="butt")
        ax.plot(interval.estimate, row, "o", color=color, markersize=5.5)
    ax.set_yticks(range(len(methods)), methods if named else [])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(methods) - 0.4, -0.6)
    ax.locator_params(axis="x", nbins=5)
