"""Configurations of a sweep side by side: each seed's score, their mean and its interval."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from whytrain.counted import counted
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import shown, widest
from whytrain.presentation.palette import GRAY, INK, VALIDATION
from whytrain.statistics.intervals import Interval

_MOST_ROWS = 30
_ROW = 0.34  # inches


def seed_intervals(
    configurations: Mapping[str, tuple[NDArray[np.float64], Interval]], score: str, *, smaller: bool = False
) -> Figure:
    """Draw a row per configuration, the best mean on top: dots are seeds, the bar is the mean's interval.

    Args:
        configurations: scores (n_seeds,) by name, with their mean and its interval; an infinite interval,
            that of one seed, is not drawn.
        score: name of what is on the axis.
        smaller: whether a smaller score is better.

    Raises:
        WhytrainError: there are no configurations.
    """
    need(len(configurations) > 0, "seed_intervals: expected at least one configuration, came none")
    order = sorted(configurations, key=lambda name: configurations[name][1].estimate, reverse=not smaller)
    rows = order[:_MOST_ROWS]
    seeds = sorted({len(configurations[name][0]) for name in order})
    left_out = f"; the best {len(rows)} of {len(order)}" if len(rows) < len(order) else ""
    height = 1.7 + _ROW * len(rows)
    label = f"{counted(seeds[-1], 'seed')}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    figure = new_figure(
        height,
        f"{score} over seeds: {shown(order[0], 60)} has the best mean",
        f"Dots: seeds ({label} each); bars: mean with Student's 95% interval{left_out}",
    )
    names = [shown(name, 44) for name in rows]
    margins = Margins(left=widest(names, SMALL_SIZE) + 0.35, right=0.4, top=0.85, bottom=0.6)
    ax = figure.add_subplot(grid(figure, 1, 1, margins)[0])
    for y, name in enumerate(rows):
        scores, interval = configurations[name]
        if np.isfinite(interval.high):
            ax.plot([interval.low, interval.high], [y, y], color=VALIDATION, linewidth=5, alpha=0.3)
        ax.plot(interval.estimate, y, "|", color=VALIDATION, markersize=13, markeredgewidth=2.5)
        ax.plot(scores, np.full(len(scores), y), "o", color=INK, markersize=4, alpha=0.75)
    dress(ax, x=score, gridlines="x")
    ax.set_yticks(range(len(rows)), names, fontsize=SMALL_SIZE)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0, color=GRAY)
    return finish(figure)
