"""What all figures share: size, margins in inches, titles and axes.

Figures are made from `matplotlib.figure.Figure` alone: nothing is registered with pyplot, so they may be
drawn in any thread and are freed with their last reference. Margins are set in inches instead of by a
layout engine, because an engine draws every figure twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import AutoLocator, MaxNLocator

from whytrain.errors import WhytrainError
from whytrain.figures.base.text import set_fonts, shown, text_width
from whytrain.presentation.palette import GRAY, INK, LIGHT_GRAY

WIDTH = 10.0  # inches: 1200 pixels at DPI
DPI = 120
FOOTNOTE = 0.35  # inches
TITLE_SIZE, LABEL_SIZE, SMALL_SIZE = 13.0, 10.0, 9.0  # points


class Margins(NamedTuple):
    """Space around and between the axes of a figure, in inches."""

    left: float = 0.75
    right: float = 0.25
    top: float = 0.95
    bottom: float = 0.6
    across: float = 0.75
    down: float = 0.85


def new_figure(height: float, title: str, subtitle: str = "") -> Figure:
    """Return an empty figure, 1200 pixels wide, with a title that says what is seen.

    Args:
        height: inches.
        title: the finding's subject, one line; cut where it would leave the figure.
        subtitle: how to read it: units, sizes, conditions; one line, gray.
    """
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    for text, size, color, y, weight in (
        (title, TITLE_SIZE, INK, 0.13, "bold"),
        (subtitle, LABEL_SIZE, GRAY, 0.42, "normal"),
    ):
        if text:
            figure.text(
                0.2 / WIDTH,
                1 - y / height,
                fitted(text, WIDTH - 0.4, size, bold=weight == "bold"),
                fontsize=size,
                fontweight=weight,
                color=color,
                ha="left",
                va="top",
            )
    return figure


def fitted(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return text, cleaned, and cut with an ellipsis to at most `width` inches at `size` points."""
    columns = len(text) * 2
    cut = shown(text, columns)
    while columns > 1 and text_width(cut, size, bold=bold) > width:
        columns = min(columns - 1, int(columns * width / text_width(cut, size, bold=bold)) + 1)
        cut = shown(text, columns)
    return cut


def grid(
    figure: Figure,
    n_rows: int,
    n_columns: int,
    margins: Margins = Margins(),  # noqa: B008 (a tuple cannot be changed)
    *,
    widths: Sequence[float] | None = None,
    heights: Sequence[float] | None = None,
) -> GridSpec:
    """Divide a figure into cells, with margins in inches.

    Args:
        figure: made by `new_figure`.
        n_rows: rows of cells.
        n_columns: columns of cells.
        margins: inches around and between.
        widths: relative widths of the columns.
        heights: relative heights of the rows.
    """
    width, height = figure.get_size_inches()
    inner_width = width - margins.left - margins.right
    inner_height = height - margins.top - margins.bottom
    cell_width = (inner_width - (n_columns - 1) * margins.across) / n_columns
    cell_height = (inner_height - (n_rows - 1) * margins.down) / n_rows
    assert cell_width > 0, "margins leave no width"
    assert cell_height > 0, "margins leave no height"
    return figure.add_gridspec(
        n_rows,
        n_columns,
        left=margins.left / width,
        right=1 - margins.right / width,
        top=1 - margins.top / height,
        bottom=margins.bottom / height,
        wspace=margins.across / cell_width,
        hspace=margins.down / cell_height,
        width_ratios=widths,
        height_ratios=heights,
    )


def dress(ax: Axes, title: str = "", x: str = "", y: str = "", *, gridlines: str = "y") -> None:
    """Give axes their title and labels with units, light grid lines ('x', 'y', 'both', '') and no box."""
    if title:
        # A fixed height: matplotlib would measure all tick labels to find one.
        ax.set_title(title, fontsize=LABEL_SIZE + 1, loc="left", color=INK, y=1.0)
    ax.set_xlabel(x, fontsize=LABEL_SIZE)
    ax.set_ylabel(y, fontsize=LABEL_SIZE)
    ax.tick_params(labelsize=SMALL_SIZE, color=GRAY)
    for axis in (ax.xaxis, ax.yaxis):
        if isinstance(axis.get_major_locator(), AutoLocator):
            axis.set_major_locator(
                MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10])
            )  # a tick costs a millisecond
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GRAY)
    if gridlines:
        ax.grid(axis=gridlines, color=LIGHT_GRAY, linewidth=0.6)  # type: ignore[arg-type]  # checked by matplotlib
        ax.set_axisbelow(True)


def whole_numbers(ax: Axes, first: float, last: float) -> None:
    """Let the horizontal axis run from first to last with ticks on whole numbers; one alone is centered."""
    ax.set_xlim(first - 0.5, last + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))


def footnote(figure: Figure, text: str) -> None:
    """Explain a word of the figure below it, in one gray line that takes `FOOTNOTE` inches of its bottom."""
    figure.text(
        0.2 / WIDTH,
        0.1 / figure.get_size_inches()[1],
        fitted(text, WIDTH - 0.4, SMALL_SIZE),
        fontsize=SMALL_SIZE,
        color=GRAY,
        va="bottom",
    )


def finish(figure: Figure) -> Figure:
    """Give every text the fonts that can draw it, and return the figure."""
    set_fonts(figure)
    return figure


def need(condition: bool, message: str) -> None:
    """Refuse what cannot be drawn with one readable line."""
    if not condition:
        raise WhytrainError(message)


def finite_range(*arrays: object, floor: float = 1e-9) -> float:
    """Return the largest finite magnitude of the arrays, at least `floor`: the end of a symmetric axis."""
    largest = floor
    for array in arrays:
        values = np.abs(np.asarray(array, dtype=float))
        values = values[np.isfinite(values)]
        if values.size:
            largest = max(largest, float(values.max()))
    return largest
