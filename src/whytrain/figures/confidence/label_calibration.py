"""How far the probability of each label can be trusted, as trained and corrected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.counted import counted
from whytrain.figures.base.runs import key
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import shown_name, widest
from whytrain.presentation.palette import GRAY, INK, VALIDATION

_NAME_COLUMNS = 24  # narrow characters
_ROW, _BOTTOM = 0.3, 0.6  # inches
_MOST = 40  # labels


def label_calibration(
    before: np.ndarray,
    after: np.ndarray,
    temperatures: Sequence[float],
    class_names: Sequence[str],
    n_rows: int,
) -> Figure:
    """Draw the calibration error of each label before and after its temperature, the largest first.

    Args:
        before: float (n_labels,), expected calibration errors as trained.
        after: the same of corrected probabilities.
        temperatures: of each label.
        class_names: one name per label.
        n_rows: number of sentences they were measured on.

    Raises:
        WhytrainError: lengths that do not fit.
    """
    need(
        len(before) == len(after) == len(temperatures) == len(class_names) > 0,
        "label_calibration: expected as many errors and temperatures as labels, at least one",
    )
    order = np.argsort(-before, kind="stable")[:_MOST]
    names = [shown_name(class_names[k], _NAME_COLUMNS) for k in order]
    notes = [f"T = {temperatures[k]:.2f}" for k in order]
    drawn = f"the {len(order)} worst of {len(before)} labels" if len(order) < len(before) else "all labels"
    figure = new_figure(
        1.35 + _BOTTOM + _ROW * len(order),
        f"Mean calibration error of labels: {before.mean():.3f} as trained, {after.mean():.3f} corrected",
        f"{counted(n_rows, 'sentence')}, {drawn}; ECE of the label's probability in 15 bins",
    )
    handles = [
        Line2D([], [], color=INK, marker="o", linestyle="", label="as trained"),
        Line2D([], [], color=VALIDATION, marker="D", linestyle="", label="corrected by the temperature T"),
    ]
    top = key(figure, handles) + 0.2
    left, right = widest(names, SMALL_SIZE) + 0.35, widest(notes, SMALL_SIZE) + 0.4
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=left, right=right, top=top, bottom=_BOTTOM))[0])
    dress(ax, x="expected calibration error", gridlines="x")
    places = np.arange(len(order))
    ax.hlines(places, before[order], after[order], color=GRAY, linewidth=1.4)
    ax.plot(before[order], places, "o", color=INK, markersize=6, clip_on=False)
    ax.plot(after[order], places, "D", color=VALIDATION, markersize=5, clip_on=False)
    end = 1.05 * max(float(before.max()), float(after.max()), 0.01)
    for place, note in enumerate(notes):
        ax.annotate(
            note,
            (end, place),
            (8, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=SMALL_SIZE,
        )
    ax.set_yticks(places, names)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0, end)
    ax.set_ylim(len(order) - 0.4, -0.6)
    return finish(figure)
