"""A quantity for every pair of a row and a column."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure

from whytrain.analyses.charts import Heat
from whytrain.figures.base.style import (
    LABEL_SIZE,
    SMALL_SIZE,
    WIDTH,
    Margins,
    finish,
    finite_range,
    grid,
    need,
    new_figure,
)
from whytrain.figures.base.text import shown, widest
from whytrain.presentation.palette import DIVERGING, LIGHT_GRAY, SEQUENTIAL, text_on

_LABEL_COLUMNS, _HEAD_COLUMNS = 30, 18
_ROW = 0.32  # inches
_LEAST_CELL = 0.42  # inches of a cell that has room for its number


def heat(chart: Heat) -> Figure:
    """Draw the values as colors; where there is room, with their numbers."""
    need(chart.values.size > 0, f"{chart.name}: expected at least one row and column, came none")
    rows = [shown(label, _LABEL_COLUMNS) for label in chart.rows]
    heads = [shown(label, _HEAD_COLUMNS) for label in chart.columns]
    left, right = widest(rows, SMALL_SIZE) + 0.3, 1.1
    cell = (WIDTH - left - right) / len(heads)
    leaning = widest(heads, SMALL_SIZE) + 0.1 > cell
    bottom = (widest(heads, SMALL_SIZE) * 0.75 + 0.3) if leaning else 0.45
    left = max(left, widest(heads[:1], SMALL_SIZE) * 0.75 + 0.1) if leaning else left
    figure = new_figure(0.8 + bottom + _ROW * len(rows), chart.title, chart.subtitle)
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=left, right=right, top=0.75, bottom=bottom))[0])
    if chart.signed:
        most = finite_range(chart.values)
        norm, colors = Normalize(-most, most), colormaps[DIVERGING]
    else:
        finite = chart.values[np.isfinite(chart.values)]
        ends = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        norm, colors = Normalize(*ends), colormaps[SEQUENTIAL]
    ax.set_facecolor(LIGHT_GRAY)
    drawn = ax.imshow(chart.values, cmap=colors, norm=norm, aspect="auto", interpolation="nearest")
    if cell >= _LEAST_CELL:
        _numbers(ax, chart, colors, norm)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_xticks(range(len(heads)), heads)
    if leaning:
        for label in ax.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    ax.tick_params(length=0, labelsize=SMALL_SIZE)
    ax.spines[:].set_visible(False)
    box = ax.get_position()
    bar = figure.add_axes((1 - 0.85 / WIDTH, box.y0, 0.14 / WIDTH, box.height))
    figure.colorbar(drawn, cax=bar)
    bar.set_ylabel(chart.unit, fontsize=LABEL_SIZE)
    bar.tick_params(labelsize=SMALL_SIZE)
    return finish(figure)


def _numbers(ax: Axes, chart: Heat, colors: Colormap, norm: Normalize) -> None:
    for (row, column), value in np.ndenumerate(chart.values):
        if np.isfinite(value):
            ink = text_on(colors(float(norm(value))))
            number = f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"
            ax.text(column, row, number, ha="center", va="center", fontsize=SMALL_SIZE - 1, color=ink)
