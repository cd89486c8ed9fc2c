"""A decision tree, from the whole data on the left to its leaves on the right."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.figures.base.runs import key
from whytrain.figures.base.style import (
    FOOTNOTE,
    SMALL_SIZE,
    WIDTH,
    Margins,
    finish,
    fitted,
    footnote,
    grid,
    need,
    new_figure,
)
from whytrain.figures.base.text import shortened
from whytrain.presentation.palette import GRAY, INK, run_colors
from whytrain.surrogates.rules import TreeCell

_ROW = 0.42  # inches from leaf to leaf: a condition above the line, numbers below it
_LEFT = 1.1  # inches for the root's numbers
_MOST_LEAVES = 24
_DEEPEST = 5  # columns of conditions that stay readable


def decision_tree(
    cells: Sequence[TreeCell], class_names: Sequence[str], note: str = "", *, soft: bool = False
) -> Figure:
    """Draw a tree; a large one is cut off where more than 24 cells would stand at the right.

    Above each line stands the condition that leads there, below it the predicted class's confidence and the
    share of training sentences; the color is the class, a hollow circle is a cell with more below it.

    Args:
        cells: from `whytrain.surrogates.rules.tree_cells`.
        class_names: all of them.
        note: what a condition's words mean.
        soft: whether it is a soft tree, in which no condition holds and words pull instead.

    Raises:
        WhytrainError: no cells.
    """
    need(len(cells) > 0, "decision_tree: expected at least one cell, came none")
    deepest = _cut(cells)
    places = _places(cells, deepest)
    n_ends = sum(not _below(cells[i], deepest) for i in places)
    n_leaves = sum(not cell.children for cell in cells)
    told = "1 leaf" if n_leaves == 1 else f"{n_leaves} leaves"
    above = "words that pull there most" if soft else "condition"
    subtitle = f"Above a line: {above}; below: confidence of the class, share of training sentences; {told}"
    if n_ends < n_leaves:
        subtitle += "; hollow: cut off"
    bottom = FOOTNOTE if note else 0.1
    figure = new_figure(1.1 + bottom + n_ends * _ROW, _title(cells, soft), subtitle)
    if note:
        footnote(figure, note)
    colors = run_colors(class_names)
    classes = sorted({cell.class_index for cell in cells})
    handles = [
        Line2D(
            [],
            [],
            color=colors[class_names[i]],
            marker="o",
            linestyle="",
            label=shortened(class_names[i], 60),
        )
        for i in classes
    ]
    top = key(figure, handles)
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=_LEFT, right=0.2, top=top, bottom=bottom))[0])
    ax.set_xlim(0, deepest if deepest else 1)
    ax.set_ylim(n_ends - 0.45, -0.55)
    ax.axis("off")
    _draw(ax, cells, places, deepest, [colors[name] for name in class_names])
    return finish(figure)


def _cut(cells: Sequence[TreeCell]) -> int:
    """Return the largest depth at which few enough cells stand at the right."""
    for depth in range(min(_DEEPEST, max(cell.depth for cell in cells)), 0, -1):
        ends = sum(cell.depth <= depth and not _below(cell, depth) for cell in cells)
        if ends <= _MOST_LEAVES:
            return depth
    return 0


def _below(cell: TreeCell, deepest: int) -> tuple[int, ...]:
    return cell.children if cell.depth < deepest else ()


def _places(cells: Sequence[TreeCell], deepest: int) -> dict[int, float]:
    """Return the height of each drawn cell: ends one below the other, parents between their children."""
    heights: dict[int, float] = {}
    rows = iter(range(len(cells)))

    def place(number: int) -> float:
        children = [place(child) for child in _below(cells[number], deepest)]
        heights[number] = sum(children) / 2 if children else float(next(rows))
        return heights[number]

    place(0)
    return heights


def _draw(
    ax: Axes, cells: Sequence[TreeCell], places: dict[int, float], deepest: int, colors: Sequence[str]
) -> None:
    """Draw the branches, then every cell with its condition and numbers."""
    column = (WIDTH - _LEFT - 0.2) / max(deepest, 1)
    lines = []
    for number, y in places.items():
        for child in _below(cells[number], deepest):
            x = cells[number].depth
            lines.append([(x, y), (x, places[child]), (x + 1, places[child])])
    ax.add_collection(LineCollection(lines, colors=GRAY, linewidths=1.0))
    for number, y in places.items():
        cell = cells[number]
        cut = bool(cell.children) and not _below(cell, deepest)
        color = colors[cell.class_index]
        ax.scatter(
            cell.depth,
            y,
            s=28,
            c="white" if cut else color,
            edgecolors=color,
            linewidths=1.3,
            zorder=3,
            clip_on=False,
        )
        # Text of an inner cell stands left of its circle, on the line that leads to it.
        for text, shift, align, shade in (
            (cell.text or "all", 2, "bottom", INK),
            (f"{cell.confidence:.0%} · {_share(cell.share)}", -2, "top", GRAY),
        ):
            ax.annotate(
                fitted(text, (column if cell.depth else _LEFT) - 0.25, SMALL_SIZE),
                (cell.depth, y),
                (-8, shift),
                textcoords="offset points",
                ha="right",
                va=align,
                fontsize=SMALL_SIZE,
                color=shade,
                annotation_clip=False,
            )


def _share(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else f"{share:.1%}"


def _title(cells: Sequence[TreeCell], soft: bool) -> str:
    n_leaves = sum(not cell.children for cell in cells)
    if n_leaves == 1:
        return "The tree surrogate has found nothing to ask"
    if soft:
        return f"The soft tree comes closer than the tree; it weighs first: {shortened(cells[2].text, 40)}"
    return f"The tree surrogate asks first: {shortened(cells[cells[0].children[1]].text, 60)}?"
