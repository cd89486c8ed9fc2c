"""The shares that should be high, such as accuracy and F1, of several runs: bars with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from whytrain.figures.base.runs import (
    KEY_TOP,
    NO_LEGEND,
    Legend,
    check_runs,
    key,
    key_label,
    key_rows,
    of_each,
)
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, new_figure
from whytrain.metrics import ACCURACY, METRICS, Metric
from whytrain.presentation.palette import GRAY, INK, run_colors, text_on
from whytrain.statistics.intervals import Interval

_COLUMNS = 4  # metrics side by side
Values = Mapping[str, Interval | float]
FLOOR = "floor: bag of words, bigrams"
_MOST_NUMBERS = 5  # runs up to which each bar has its number


def metric_bars(
    scores: Mapping[str, Values],
    floors: Mapping[str, float | None],
    positive: str | None,
    metrics: Sequence[Metric] = METRICS,
    legend: Legend = NO_LEGEND,
) -> Figure:
    """Draw the metrics of each run; the floor is the accuracy of a simple model on the same sentences.

    Args:
        scores: by run, values by metric, with their intervals where there are any.
        floors: by run, accuracy of the floor; None where it is not known.
        positive: the class of F1, precision, recall and rankings; None for their mean over classes.
        metrics: those that fit the task; shares that should be high are drawn.
        legend: what the names stand for.
    """
    drawn = drawn_metrics(metrics)
    names = check_runs("metric_bars", scores)
    of_class = f"of {positive}" if positive is not None else "mean over classes"
    n_rows = -(-len(drawn) // _COLUMNS)
    lines = "lines: 95% intervals over sentences (and seeds)"
    told = ", ".join(metric.label for metric in drawn if metric.of_positive)
    figure = new_figure(
        KEY_TOP + 0.23 * key_rows([*names, FLOOR], legend) + 2.7 * n_rows,
        _title(scores, floors),
        f"{told}: {of_class}; {lines}" if told else lines[0].upper() + lines[1:],
    )
    colors = run_colors(names)
    handles: list[Patch | Line2D] = [
        Patch(color=colors[name], label=key_label(name, legend)) for name in names
    ]
    handles.append(Line2D([], [], color=INK, linestyle="--", label=FLOOR))
    top = key(figure, handles) + 0.35
    cells = grid(figure, n_rows, _COLUMNS, Margins(left=0.55, top=top, bottom=0.3, across=0.5, down=0.6))
    for i, metric in enumerate(drawn):
        ax = figure.add_subplot(cells[i])
        dress(ax, metric.title)
        _bars(ax, [scores[name][metric.name] for name in names], [colors[name] for name in names])
        if metric.name == ACCURACY.name:
            for place, name in enumerate(names):
                floor = floors.get(name)
                if floor is not None:
                    ax.hlines(floor, place - 0.5, place + 0.5, color=INK, linestyle="--", linewidth=1.4)
    return finish(figure)


def drawn_metrics(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """Return the shown metrics that are shares which should be high: they have an axis in common."""
    return tuple(m for m in metrics if m.shown and m.unit == "share" and m.higher_is_better)


def _bars(ax: Axes, values: list[Interval | float], colors: list[str]) -> None:
    n = len(values)
    heights = np.array([value_of(value) for value in values])
    ax.bar(range(n), heights, width=0.78, color=colors)
    for place, value in enumerate(values):
        if isinstance(value, Interval):
            ax.vlines(place, value.low, value.high, color=INK, linewidth=1.4)
    if n <= _MOST_NUMBERS:  # at the foot of the bars, where neither intervals nor the floor are
        for place, (height, color) in enumerate(zip(heights, colors, strict=True)):
            defined = not np.isnan(height)
            text, ink = (f"{height:.3f}", text_on(color)) if defined else ("not\ndefined", GRAY)
            ax.text(place, 0.03, text, ha="center", va="bottom", fontsize=SMALL_SIZE, color=ink)
    ax.set_xticks([])
    ax.set_xlim(-0.6, n - 0.4)
    ax.set_ylim(0, 1.02)
    ax.spines["bottom"].set_color(GRAY)


def value_of(value: Interval | float) -> float:
    """Return the value itself, or the estimate of an interval."""
    return value.estimate if isinstance(value, Interval) else value


def _title(scores: Mapping[str, Values], floors: Mapping[str, float | None]) -> str:
    accuracies = {name: f"{value_of(values['accuracy']):.3f}" for name, values in scores.items()}
    known = sorted({floor for floor in floors.values() if floor is not None})
    floor = f", the floor at {known[0]:.3f}" if len(known) == 1 else ""
    return f"Accuracy {of_each(accuracies)}{floor}"
