"""Loss, accuracy and F1 by epoch, with the table of all metrics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.figures.base.style import (
    SMALL_SIZE,
    WIDTH,
    Margins,
    dress,
    finish,
    grid,
    need,
    new_figure,
    whole_numbers,
)
from whytrain.figures.base.table import draw_table, table_height
from whytrain.metrics import ACCURACY, F1, LOSS, METRICS, NLL, Metric
from whytrain.presentation.palette import GRAY, INK, TEST, TRAIN, VALIDATION

STAGES = {"train": TRAIN, "val": VALIDATION, "test": TEST}
_PANELS = tuple(metric.name for metric in (LOSS, ACCURACY, F1))
_MOST_ROWS, _MOST_COLUMNS = 10, 12


def training_history(
    history: pd.DataFrame,
    best_epoch: int,
    floor_accuracy: float | None = None,
    *,
    metrics: Sequence[Metric] = METRICS,
) -> Figure:
    """Draw loss, accuracy and F1 by epoch, and the table of the metrics.

    Args:
        history: one row per epoch: `epoch` (from 1) and metrics named `stage/name`, e.g. `val/accuracy`.
        best_epoch: the epoch that the monitor chose; it is marked.
        floor_accuracy: accuracy of the simple model that this one must beat, a dashed line; None: unknown.
        metrics: those of the task.

    Raises:
        WhytrainError: no rows, or no `epoch` column.
    """
    need("epoch" in history and len(history) > 0, "training_history: expected at least one row with 'epoch'")
    history = history.sort_values("epoch")
    compared = {metric.name for metric in metrics if metric.compared} - {NLL.name}
    names = sorted((name for name in history.columns if "/" in name), key=lambda name: _place(name, compared))
    panels = [metric for wanted in _PANELS for metric in metrics if metric.name == wanted]
    rows = _rows_to_show(history["epoch"].to_numpy(), best_epoch)
    height = 4.0 + table_height(len(rows), header_lines=2)
    figure = new_figure(height, _title(history, best_epoch), _subtitle(len(rows), len(history), names))
    upper = Margins(left=0.6, top=1.2, bottom=height - 3.55, across=0.6, right=0.2)
    cells = grid(figure, 1, len(_PANELS), upper)
    for column, metric in enumerate(panels):
        ax = figure.add_subplot(cells[column])
        _curves(ax, history, metric.name, best_epoch)
        dress(ax, metric.title, x="epoch")
        if metric.name == ACCURACY.name and floor_accuracy is not None:
            ax.axhline(floor_accuracy, color=GRAY, linestyle="--", linewidth=1.2, label="floor")
    _legend(figure, names, floor_accuracy)
    lower = Margins(left=0.2, right=0.2, top=4.0, bottom=0.05)
    table = figure.add_subplot(grid(figure, 1, 1, lower)[0])
    shown_metrics = names[:_MOST_COLUMNS]
    draw_table(
        table,
        ["epoch", *(name.replace("/", "\n", 1) for name in shown_metrics)],
        [
            [str(int(row["epoch"])), *(_number(row[name]) for name in shown_metrics)]
            for _, row in history.iloc[rows].iterrows()
        ],
        highlight=[i for i, row in enumerate(rows) if history["epoch"].iloc[row] == best_epoch],
    )
    return finish(figure)


def _curves(ax: Axes, history: pd.DataFrame, name: str, best_epoch: int) -> None:
    epochs = history["epoch"].to_numpy()
    drawn = False
    for stage, color in STAGES.items():
        column = f"{stage}/{name}"
        if column not in history or history[column].isna().all():
            continue
        values = history[column].to_numpy(dtype=float)
        ax.plot(epochs, values, color=color, marker="o", markersize=3.5, linewidth=1.8, label=stage)
        if stage == "val":
            best = epochs == best_epoch
            ax.plot(epochs[best], values[best], "*", color=color, markersize=13, markeredgecolor="white")
        drawn = True
    if not drawn:
        ax.text(0.5, 0.5, "not measured", ha="center", color=GRAY, transform=ax.transAxes)
        ax.set_yticks([])
    ax.axvline(best_epoch, color=GRAY, linestyle=":", linewidth=1)
    whole_numbers(ax, epochs[0], epochs[-1])


def _legend(figure: Figure, metrics: list[str], floor_accuracy: float | None) -> None:
    stages = [stage for stage in STAGES if any(name.startswith(f"{stage}/") for name in metrics)]
    handles = [Line2D([], [], color=STAGES[s], marker="o", markersize=3.5, label=s) for s in stages]
    handles.append(Line2D([], [], color=GRAY, linestyle=":", marker="*", markersize=9, label="best epoch"))
    if floor_accuracy is not None:
        label = f"floor: accuracy {floor_accuracy:.3f} of a simple model"
        handles.append(Line2D([], [], color=GRAY, linestyle="--", label=label))
    _, height = figure.get_size_inches()
    figure.legend(
        handles=handles,
        ncols=len(handles),
        loc="upper left",
        bbox_to_anchor=(0.15 / WIDTH, 1 - 0.62 / height),
        frameon=False,
        fontsize=SMALL_SIZE,
        labelcolor=INK,
        borderaxespad=0.0,
    )


def _place(name: str, compared: set[str]) -> tuple[bool, bool, bool]:
    """Order metrics for the table: of the training, of the panels, what runs are compared in, the others.

    NLL is the loss under another name.
    """
    stage, _, metric = name.partition("/")
    return stage != "train", metric not in _PANELS, metric not in compared


def _rows_to_show(epochs: np.ndarray, best_epoch: int) -> list[int]:
    """Return the positions of at most 10 epochs: first, last, the best, the others evenly spread."""
    n = len(epochs)
    if n <= _MOST_ROWS:
        return list(range(n))
    best = np.flatnonzero(epochs == best_epoch)
    spread = np.linspace(0, n - 1, _MOST_ROWS - 1).round().astype(int)
    return sorted({*spread.tolist(), *best.tolist()})


def _title(history: pd.DataFrame, best_epoch: int) -> str:
    best = history.loc[history["epoch"] == best_epoch]
    last = int(history["epoch"].iloc[-1])
    if best.empty or "val/accuracy" not in history:
        return f"Training history: best epoch {best_epoch} of {last}"
    return f"Best epoch {best_epoch} of {last}: validation accuracy {best['val/accuracy'].iloc[0]:.3f}"


def _subtitle(n_shown: int, n_epochs: int, metrics: list[str]) -> str:
    parts = ["Loss, accuracy and F1 by epoch, and the metrics in numbers"]
    if n_shown < n_epochs:
        parts.append(f"{n_shown} of {n_epochs} epochs")
    if len(metrics) > _MOST_COLUMNS:
        parts.append(f"{_MOST_COLUMNS} of {len(metrics)} metrics")
    return "; ".join(parts)


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.1f}"
