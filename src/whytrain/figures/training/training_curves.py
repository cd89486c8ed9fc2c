"""How several runs were trained: losses, accuracy and F1 by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.counted import counted
from whytrain.figures.base.runs import (
    KEY_TOP,
    NO_LEGEND,
    Legend,
    check_runs,
    key,
    key_rows,
    of_each,
    run_handles,
)
from whytrain.figures.base.style import Margins, dress, finish, grid, new_figure, whole_numbers
from whytrain.metrics import ACCURACY, F1, LOSS
from whytrain.presentation.palette import GRAY, run_colors, run_lines

PANELS = {
    f"train/{LOSS.name}": f"training {LOSS.title}",
    **{f"val/{metric.name}": f"validation {metric.title}" for metric in (LOSS, ACCURACY, F1)},
}


def training_curves(
    histories: Mapping[str, Sequence[pd.DataFrame]],
    floors: Mapping[str, float | None],
    legend: Legend = NO_LEGEND,
) -> Figure:
    """Draw the metrics of each run by epoch; the seeds of a run are thin lines in its color.

    Args:
        histories: by run, one table per seed: `epoch` (from 1) and any of the metrics of the panels.
        floors: by run, accuracy of the floor, dashed; None where it is not known.
        legend: what the names stand for.
    """
    names = check_runs("training_curves", histories)
    n_seeds = sum(len(tables) for tables in histories.values())
    last = max((int(t["epoch"].max()) for tables in histories.values() for t in tables if len(t)), default=1)
    known = sorted({floor for floor in floors.values() if floor is not None})
    handles = run_handles(names, legend)
    if known:
        handles.append(Line2D([], [], color=GRAY, linestyle=(0, (5, 2)), label="floor's accuracy"))
    figure = new_figure(
        KEY_TOP + 0.23 * (key_rows(names, legend) + 1) + 5.9,
        _title(histories),
        f"{counted(n_seeds, 'run')}, up to {counted(last, 'epoch')}; seeds of one recipe share its color",
    )
    cells = grid(figure, 2, 2, Margins(left=0.7, top=key(figure, handles) + 0.35, across=0.75, down=0.9))
    for i, (metric, label) in enumerate(PANELS.items()):
        ax = figure.add_subplot(cells[i])
        dress(ax, label, x="epoch")
        _curves(ax, histories, metric)
        if metric == "val/accuracy":
            for floor in known:
                ax.axhline(floor, color=GRAY, linestyle=(0, (5, 2)), linewidth=1.2)
        whole_numbers(ax, 1, last)
    return finish(figure)


def _curves(ax: Axes, histories: Mapping[str, Sequence[pd.DataFrame]], metric: str) -> None:
    colors, lines = run_colors(list(histories)), run_lines(list(histories))
    drawn = False
    for name, tables in histories.items():
        for table in tables:
            if metric in table and table[metric].notna().any():
                known = table.dropna(subset=[metric])
                ax.plot(
                    known["epoch"],
                    known[metric],
                    color=colors[name],
                    linestyle=lines[name],
                    linewidth=1.8 if len(tables) == 1 else 1.0,
                    marker="o" if len(known) == 1 else None,
                )
                drawn = True
    if not drawn:
        ax.text(0.5, 0.5, "not tracked", ha="center", color=GRAY, transform=ax.transAxes)
        ax.set_yticks([])


def _title(histories: Mapping[str, Sequence[pd.DataFrame]]) -> str:
    best = {
        name: max(float(table["val/accuracy"].max()) for table in tables)
        for name, tables in histories.items()
        if tables and all("val/accuracy" in table and len(table) for table in tables)
    }
    if not best:
        return "Training of several runs"
    told = of_each({name: f"{value:.3f}" for name, value in best.items()})
    return f"Highest validation accuracy of any epoch: {told}"
