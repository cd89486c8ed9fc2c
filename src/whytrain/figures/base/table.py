"""A table of text inside a figure: aligned columns, as small as needed to fit, rows that stand out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from whytrain.figures.base.style import SMALL_SIZE
from whytrain.figures.base.text import widest
from whytrain.presentation.palette import GRAY, INK

HIGHLIGHT = "#FFF2CC"
ROW_HEIGHT = 0.235  # inches
_SMALLEST, _GAP = 6.5, 0.14  # points; inches between columns


def table_height(n_rows: int, header_lines: int = 1) -> float:
    """Return the inches that a table of n rows needs."""
    return (n_rows + header_lines + 0.3) * ROW_HEIGHT


def draw_table(
    ax: Axes, header: Sequence[str], rows: Sequence[Sequence[str]], *, highlight: Collection[int] = ()
) -> None:
    """Fill axes with a table: the first column to the left, the others to the right.

    Args:
        ax: at least `table_height` high; its own axis is hidden.
        header: one string per column; may hold line breaks.
        rows: one sequence of strings per row, cleaned by `shown` where they come from data.
        highlight: positions of rows that stand out.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure_width, figure_height = figure.get_size_inches()
    box = ax.get_position()
    width, height = box.width * figure_width, box.height * figure_height
    size, right_edges = _columns(header, rows, width)
    lines = max(name.count("\n") + 1 for name in header)
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)  # inches from the top
    ax.axis("off")
    for i, name in enumerate(header):
        x, align = (0.06, "left") if i == 0 else (right_edges[i], "right")
        ax.text(x, lines * ROW_HEIGHT - 0.05, name, fontsize=size, fontweight="bold", ha=align, va="bottom")
    ax.plot([0, right_edges[-1] + 0.06], [lines * ROW_HEIGHT] * 2, color=GRAY, linewidth=0.8)
    for r, row in enumerate(rows):
        y = (lines + r + 0.6) * ROW_HEIGHT
        strong = r in highlight
        if strong:
            corner = (0, y - ROW_HEIGHT / 2)
            ax.add_patch(
                Rectangle(corner, right_edges[-1] + 0.06, ROW_HEIGHT, facecolor=HIGHLIGHT, edgecolor="none")
            )
        for i, cell in enumerate(row):
            x, align = (0.06, "left") if i == 0 else (right_edges[i], "right")
            weight = "bold" if strong else "normal"
            ax.text(x, y, cell, fontsize=size, fontweight=weight, color=INK, ha=align, va="center")


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]], width: float) -> tuple[float, list[float]]:
    """Return the size of the text, in points, and the right edge of each column, in inches."""
    columns = [[*name.split("\n"), *(row[i] for row in rows)] for i, name in enumerate(header)]
    natural = [widest(column, SMALL_SIZE, bold=True) for column in columns]
    size = SMALL_SIZE * min(1.0, (width - _GAP * len(columns)) / max(sum(natural), 1e-9))
    size = max(size, _SMALLEST)
    widths = [w * size / SMALL_SIZE + _GAP for w in natural]
    if max(widths) * len(widths) <= width:
        widths = [widths[0], *[max(widths)] * (len(widths) - 1)]
    # Room that is left over goes between the columns, but not so much that the eye loses its row.
    spare = min(max(0.0, width - sum(widths) - _GAP / 2) / max(1, len(widths) - 1), 0.5)
    right_edges = [sum(widths[: i + 1]) + spare * i for i in range(len(widths))]
    return size, right_edges
