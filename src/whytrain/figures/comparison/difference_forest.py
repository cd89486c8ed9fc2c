"""How much better or worse than the baseline: differences with their intervals, metric by metric."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.figures.base.runs import NO_LEGEND, Legend, check_runs, key, key_rows, run_handles, run_label
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, new_figure
from whytrain.figures.base.text import widest
from whytrain.presentation.palette import GRAY, INK, run_colors
from whytrain.statistics.comparison import ComparedMetric

_COLUMNS = 4  # metrics side by side


def difference_forest(
    differences: Mapping[str, Sequence[ComparedMetric]], baseline: str, legend: Legend = NO_LEGEND
) -> Figure:
    """Draw the difference of each run from the baseline in each metric, with its interval.

    A filled point is a difference that holds after correction for all differences looked at.

    Args:
        differences: by run, one per metric, run minus baseline.
        baseline: name of the run that they are compared with.
        legend: what the names stand for.
    """
    names = check_runs("difference_forest", differences)
    level = differences[names[0]][0].measured.difference.level
    n_claimed = sum(compared.holds for found in differences.values() for compared in found)
    n_all = sum(len(found) for found in differences.values())
    metrics = [compared.measured.metric for compared in differences[names[0]]]
    n_rows = -(-len(metrics) // _COLUMNS)
    told = [baseline, *names] if legend else []
    key_height = 0.23 * key_rows(told, legend) if told else 0.0
    figure = new_figure(
        1.1 + key_height + n_rows * (0.9 + max(1.0, 0.34 * len(names))),
        f"{n_claimed} of {n_all} differences from {baseline} hold after correction",
        f"Difference from the baseline with its {100 * level:g}% interval; 0: the baseline",
    )
    handles = [
        Line2D([], [], color=INK, marker="o", label="holds after correction"),
        Line2D([], [], color=INK, marker="o", markerfacecolor="white", label="may be noise"),
        *run_handles(told, legend),
    ]
    labels = [run_label(name) for name in names]
    left = widest(labels, SMALL_SIZE) + 0.3
    margins = Margins(left=left, right=0.2, top=key(figure, handles) + 0.35, across=0.25, down=0.9)
    cells = grid(figure, n_rows, _COLUMNS, margins)
    # The baseline has the first color of the comparison.
    colors = run_colors([baseline, *names])
    for place, metric in enumerate(metrics):
        ax = figure.add_subplot(cells[place])
        unit = f" ({metric.difference_unit})" if metric.difference_unit else ""
        dress(ax, metric.label + unit, x="better →" if metric.higher_is_better else "← better", gridlines="x")
        for row, name in enumerate(names):
            _interval(ax, row, differences[name][place], metric.scale, colors[name])
        ax.axvline(0, color=GRAY, linewidth=1.2)
        ax.locator_params(axis="x", nbins=4)
        ax.set_yticks(range(len(names)), labels if place % _COLUMNS == 0 else [])
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(names) - 0.4, -0.6)
    return finish(figure)


def _interval(ax: Axes, row: int, compared: ComparedMetric, unit: float, color: str) -> None:
    difference = compared.measured.difference
    if math.isnan(difference.estimate):
        ax.annotate("not defined", (0, row), (6, 0), textcoords="offset points", va="center", color=GRAY)
        return
    ax.plot([unit * difference.low, unit * difference.high], [row, row], color=color, linewidth=2)
    face = color if compared.holds else "white"
    ax.plot(unit * difference.estimate, row, "o", color=color, markerfacecolor=face, markersize=6.5)
