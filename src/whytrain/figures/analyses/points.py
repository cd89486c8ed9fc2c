"""Items in the plane, colored by group."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.analyses.charts import Points
from whytrain.figures.base.runs import key
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import shown
from whytrain.presentation.palette import INK, run_colors

_MANY = 500  # points from which they are drawn small


def points(chart: Points) -> Figure:
    """Draw every item as a dot; the few that have labels with their text."""
    need(len(chart.groups) > 0, f"{chart.name}: expected at least one item, came none")
    names = sorted(set(chart.groups))
    colors = run_colors(names)
    counts = {name: chart.groups.count(name) for name in names}
    figure = new_figure(6.2, chart.title, chart.subtitle)
    handles = [
        Line2D([], [], color=colors[n], marker="o", linestyle="", label=f"{shown(n, 40)} ({counts[n]:,})")
        for n in names
    ]
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=0.85, top=key(figure, handles) + 0.15))[0])
    dress(ax, x=chart.x, y=chart.y, gridlines="")
    groups = np.array(chart.groups, dtype=object)
    size = 8 if len(groups) > _MANY else 20
    for name in names:
        x, y = chart.positions[groups == name].T
        ax.scatter(x, y, s=size, color=colors[name], alpha=0.6, linewidths=0)
    middle = np.mean(ax.get_xlim())
    for row, label in chart.labels.items():
        is_left = chart.positions[row][0] <= middle  # a label points to where there is room
        ax.annotate(
            shown(label, 28),
            tuple(chart.positions[row]),
            xytext=(4 if is_left else -4, 4),
            textcoords="offset points",
            ha="left" if is_left else "right",
            fontsize=SMALL_SIZE - 1,
            color=INK,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.7, "linewidth": 0},
        )
    return finish(figure)
