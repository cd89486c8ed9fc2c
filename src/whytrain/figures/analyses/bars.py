"""Values with their intervals, a row per label."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.analyses.charts import Bars
from whytrain.figures.base.runs import key
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import shown, widest
from whytrain.presentation.palette import GRAY, run_colors

_LABEL_COLUMNS = 48
_ROW, _MARK = 0.26, 0.16  # inches of a row with one mark, and of each further one


def bars(chart: Bars) -> Figure:
    """Draw each value as a dot on its interval; series are told apart by color, and by a key above."""
    need(len(chart.labels) > 0, f"{chart.name}: expected at least one row, came none")
    names = list(chart.series)
    row = _ROW + _MARK * (len(names) - 1)
    several = len(names) > 1
    figure = new_figure(1.55 + 0.25 * several + row * len(chart.labels), chart.title, chart.subtitle)
    colors = run_colors(names)
    top = 0.75
    if several:
        top = key(figure, [Line2D([], [], color=colors[n], marker="o", label=shown(n, 60)) for n in names])
        top += 0.15
    labels = [shown(label, _LABEL_COLUMNS) for label in chart.labels]
    left = widest(labels, SMALL_SIZE) + 0.3
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=left, top=top))[0])
    dress(ax, x=chart.x, gridlines="x")
    if chart.reference is not None:
        ax.axvline(chart.reference, color=GRAY, linestyle="--", linewidth=1.2)
    for place, name in enumerate(names):
        offset = 0.0 if not several else (place - (len(names) - 1) / 2) * _MARK / row
        for height, value in enumerate(chart.series[name]):
            if value is not None:
                at = height + offset
                ax.plot([value.low, value.high], [at, at], color=colors[name], linewidth=2)
                ax.plot(value.estimate, at, "o", color=colors[name], markersize=5.5)
    ax.set_yticks(range(len(labels)), labels)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    return finish(figure)
