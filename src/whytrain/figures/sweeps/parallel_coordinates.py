"""All jobs of a sweep as lines across the keys that vary, to the score that came out."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from whytrain.counted import counted
from whytrain.figures.base.style import LABEL_SIZE, SMALL_SIZE, Margins, fitted, grid, need, new_figure
from whytrain.figures.base.style import finish as finished
from whytrain.figures.base.text import shown, shown_end
from whytrain.presentation.palette import GRAY, INK

_HEIGHT = 5.2  # inches
_MOST_AXES, _MOST_NAMES = 8, 12
_COLORS = "cividis"  # read alike by color-blind readers
_LOG_RATIO = 30.0  # a key whose values span more than this is drawn on a logarithmic axis


def parallel_coordinates(
    table: pd.DataFrame, keys: Sequence[str], score: str, *, smaller: bool = False
) -> Figure:
    """Draw one line per job over one axis per key, colored by the score; the best line is bold.

    Args:
        table: one row per job: each key's value (as the command line says it) and the score.
        keys: columns that vary; the first eight are drawn.
        score: the column on the last axis.
        smaller: whether a smaller score is better.

    Raises:
        WhytrainError: no jobs with a score, or nothing varies.
    """
    rows = table[np.isfinite(table[score].astype(float))]
    need(len(rows) > 0, f"parallel_coordinates: expected at least one job with {score}, came none")
    need(len(keys) > 0, "parallel_coordinates: expected at least one key that varies, came none")
    drawn = list(keys)[:_MOST_AXES]
    scores = rows[score].to_numpy(dtype=np.float64)
    best = int(scores.argmin() if smaller else scores.argmax())
    figure = new_figure(
        _HEIGHT,
        f"{counted(len(rows), 'job')}: {score} reaches {scores[best]:.4f}",
        _subtitle(rows.iloc[best], drawn, len(keys)),
    )
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=1.1, right=1.0, top=1.2, bottom=0.45))[0])
    positions = [_axis(ax, x, rows[key].astype(str).tolist(), key) for x, key in enumerate(drawn)]
    low, high = float(scores.min()), float(scores.max())
    scaled = (scores - low) / (high - low) if high > low else np.full(len(scores), 0.5)
    _ticks(ax, len(drawn), [0.0, 0.5, 1.0] if high > low else [0.5], [f"{v:.4f}" for v in _marks(low, high)])
    _header(ax, len(drawn), score)
    colors = mpl.colormaps[_COLORS](0.05 + 0.85 * (1 - scaled if smaller else scaled))
    heights = np.column_stack([*positions, scaled])
    for row in np.argsort(scores)[:: -1 if smaller else 1]:  # better ones over worse ones
        width, front = (3.0, 3) if row == best else (1.2, 2)
        ax.plot(np.arange(len(drawn) + 1), heights[row], color=colors[row], linewidth=width, zorder=front)
    ax.set(xlim=(-0.05, len(drawn) + 0.05), ylim=(-0.06, 1.06))
    ax.axis("off")
    return finished(figure)


def _axis(ax: Axes, x: int, values: list[str], key: str) -> NDArray[np.float64]:
    """Draw the axis of a key and return where each job crosses it, (n_jobs,) in [0, 1]."""
    _header(ax, x, key)
    try:
        numbers = np.array([float(value) for value in values])
    except ValueError:
        names = sorted(set(values))
        places = {name: i / (len(names) - 1) if len(names) > 1 else 0.5 for i, name in enumerate(names)}
        shown_names = names if len(names) <= _MOST_NAMES else [names[0], names[-1]]
        _ticks(ax, x, [places[name] for name in shown_names], shown_names)
        return np.array([places[value] for value in values])
    is_log = numbers.min() > 0 and numbers.max() / numbers.min() > _LOG_RATIO
    scale = np.log(numbers) if is_log else numbers
    low, high = float(scale.min()), float(scale.max())
    if high == low:
        _ticks(ax, x, [0.5], [f"{numbers[0]:.3g}"])
        return np.full(len(numbers), 0.5)
    distinct = np.unique(scale)
    marks = distinct if len(distinct) <= 5 else np.linspace(low, high, 4)
    _ticks(ax, x, (marks - low) / (high - low), [f"{v:.3g}" for v in (np.exp(marks) if is_log else marks)])
    return np.asarray((scale - low) / (high - low))


def _header(ax: Axes, x: int, name: str) -> None:
    ax.plot([x, x], [0, 1], color=GRAY, linewidth=1, zorder=1)
    ax.text(x, 1.06, shown_end(name, 18), fontsize=SMALL_SIZE, color=INK, ha="center", va="bottom")


def _ticks(ax: Axes, x: int, heights: Sequence[float] | NDArray[np.float64], labels: Sequence[str]) -> None:
    for height, label in zip(heights, labels, strict=True):
        ax.text(
            x + 0.02,
            height,
            shown(label, 14),
            fontsize=SMALL_SIZE,
            color=INK,
            va="center",
            zorder=4,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.5},
        )


def _marks(low: float, high: float) -> list[float]:
    return [low, (low + high) / 2, high] if high > low else [low]


def _subtitle(best: pd.Series, keys: Sequence[str], n_keys: int) -> str:
    values = ", ".join(f"{key.rpartition('.')[2]} {_short(str(best[key]))}" for key in keys)
    left_out = f"; {len(keys)} of {n_keys} keys" if len(keys) < n_keys else ""
    return fitted(
        f"One line per job, yellow is better, the bold one is best: {values}{left_out}", 9.6, LABEL_SIZE
    )


def _short(value: str) -> str:
    try:
        return f"{float(value):.3g}"
    except ValueError:
        return value
