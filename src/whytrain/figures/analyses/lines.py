"""Values over an ordered quantity, such as layers."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.analyses.charts import Lines
from whytrain.figures.base.runs import key
from whytrain.figures.base.style import Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import shown
from whytrain.presentation.palette import GRAY, run_colors, run_lines

_MOST_TICKS = 16  # that are written


def lines(chart: Lines) -> Figure:
    """Draw each series as a line with a band of its intervals."""
    need(len(chart.ticks) > 0, f"{chart.name}: expected at least one place, came none")
    names = list(chart.series)
    figure = new_figure(4.6, chart.title, chart.subtitle)
    colors, styles = run_colors(names), run_lines(names)
    top = 0.75
    if len(names) > 1:
        handles = [
            Line2D([], [], color=colors[n], linestyle=styles[n], marker="o", label=shown(n, 60))
            for n in names
        ]
        top = key(figure, handles) + 0.15
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=0.85, top=top))[0])
    dress(ax, x=chart.x, y=chart.y)
    if chart.reference is not None:
        ax.axhline(chart.reference, color=GRAY, linestyle="--", linewidth=1.2)
    places = np.arange(len(chart.ticks))
    for name in names:
        low, middle, high = (
            np.array([np.nan if value is None else getattr(value, end) for value in chart.series[name]])
            for end in ("low", "estimate", "high")
        )
        ax.plot(
            places, middle, color=colors[name], linestyle=styles[name], marker="o", linewidth=2, markersize=5
        )
        ax.fill_between(places, low, high, color=colors[name], alpha=0.15, linewidth=0)
    step = -(-len(chart.ticks) // _MOST_TICKS)
    ax.set_xticks(places[::step], [shown(tick, 16) for tick in chart.ticks[::step]])
    return finish(figure)
