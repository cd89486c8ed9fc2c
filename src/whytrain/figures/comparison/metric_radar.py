"""The shares that should be high, such as accuracy and F1, of several runs: shapes on as many axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import MaxNLocator

from whytrain.figures.base.runs import KEY_TOP, NO_LEGEND, Legend, check_runs, key, key_rows, run_handles
from whytrain.figures.base.style import LABEL_SIZE, SMALL_SIZE, WIDTH, finish, new_figure
from whytrain.figures.comparison.metric_bars import FLOOR, Values, drawn_metrics, value_of
from whytrain.metrics import METRICS, Metric
from whytrain.presentation.palette import GRAY, INK, LIGHT_GRAY, run_colors, run_lines

_SIDE = 4.6  # inches of the circle


def metric_radar(
    scores: Mapping[str, Values],
    floors: Mapping[str, float | None],
    metrics: Sequence[Metric] = METRICS,
    legend: Legend = NO_LEGEND,
) -> Figure:
    """Draw a shape per run; its corners are the metrics, the ring's inner end is not 0.

    Args:
        scores: by run, values by metric; one that is not defined for a run is left out.
        floors: by run, accuracy of the floor (a cross on that axis); None where it is not known.
        metrics: those that fit the task; shares that should be high are drawn.
        legend: what the names stand for.
    """
    names = check_runs("metric_radar", scores)
    drawn = [
        m
        for m in drawn_metrics(metrics)
        if not any(np.isnan(value_of(scores[name][m.name])) for name in names)
    ]
    corners = {name: np.array([value_of(scores[name][metric.name]) for metric in drawn]) for name in names}
    known = sorted({floor for name in names if (floor := floors.get(name)) is not None})
    values = np.concatenate([*corners.values(), known])
    low = max(0.0, np.floor((float(values.min()) - 0.04) * 20) / 20)
    high = min(1.0, np.ceil((float(values.max()) + 0.01) * 20) / 20)
    height = KEY_TOP + 0.23 * key_rows([*names, FLOOR], legend) + _SIDE + 0.9
    subtitle = f"From {low:.2f} in the middle to {high:.2f} at the rim; small differences may be noise"
    figure = new_figure(height, _title(corners, [metric.label for metric in drawn]), subtitle)
    floor_key = [Line2D([], [], color=INK, marker="X", linestyle="", label=FLOOR)] if known else []
    key(figure, [*run_handles(names, legend), *floor_key])
    ax = figure.add_axes(
        ((WIDTH - _SIDE) / 2 / WIDTH, 0.5 / height, _SIDE / WIDTH, _SIDE / height), projection="polar"
    )
    assert isinstance(ax, PolarAxes)
    _axes(ax, low, high, [metric.title for metric in drawn])
    angles = np.linspace(0, 2 * np.pi, len(drawn), endpoint=False)
    colors, lines = run_colors(names), run_lines(names)
    for name, corner in corners.items():
        closed = np.append(corner, corner[0])
        ax.plot(np.append(angles, angles[0]), closed, color=colors[name], linestyle=lines[name], linewidth=2)
    ax.plot(np.zeros(len(known)), known, "X", color=INK, markersize=9, zorder=4)
    return finish(figure)


def _axes(ax: PolarAxes, low: float, high: float, titles: list[str]) -> None:
    ax.set_theta_zero_location("N")
    ax.set_ylim(low, high)
    ax.set_xticks(np.linspace(0, 2 * np.pi, len(titles), endpoint=False), titles)
    ax.tick_params(axis="x", labelsize=LABEL_SIZE, colors=INK, pad=9)
    for place, label in enumerate(ax.get_xticklabels()):  # counted from the top, to the left
        side = np.sin(2 * np.pi * place / len(titles)).round(6)
        label.set_horizontalalignment("right" if side > 0 else "left" if side < 0 else "center")
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    ax.tick_params(axis="y", labelsize=SMALL_SIZE, colors=GRAY)
    ax.set_rlabel_position(45)
    ax.grid(color=LIGHT_GRAY, linewidth=0.8)
    ax.spines["polar"].set_color(GRAY)


def _title(corners: Mapping[str, np.ndarray], labels: Sequence[str]) -> str:
    """Say where the runs lie furthest apart: which is better, only intervals of differences can tell."""
    if len(corners) == 1:
        return "Accuracy, F1 and others of one run"
    values = np.array(list(corners.values()))  # (n_runs, n_metrics)
    gaps = np.ptp(values, axis=0)
    widest = int(gaps.argmax())
    if gaps[widest] == 0:
        return "The runs have the same values"
    return (
        f"The runs lie furthest apart in {labels[widest]}: {values[:, widest].min():.3f} to "
        f"{values[:, widest].max():.3f}"
    )
