"""The coefficients of a logistic surrogate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from whytrain.figures.base.signs import sign_colors
from whytrain.figures.base.style import (
    SMALL_SIZE,
    Margins,
    dress,
    finish,
    finite_range,
    grid,
    need,
    new_figure,
)
from whytrain.figures.base.text import shortened, shortened_name, shown, widest
from whytrain.presentation.palette import GRAY, INK
from whytrain.presentation.wording import signed

_ROW = 0.3  # inches
_COLUMNS = ("feature", "class", "beta", "contribution", "sentences")


def coefficients(table: pd.DataFrame, *, n_features: int = 20) -> Figure:
    """Draw the largest coefficients β beside what their features contribute to sentences.

    Args:
        table: one row per feature and class: `feature`, `class`, `beta` (log-odds), `contribution` (mean
            |X·β| over sentences, log-odds), `sentences` (training sentences that hold a word; 0 for others).
        n_features: how many rows are drawn.

    Raises:
        WhytrainError: no rows, or a column is missing.
    """
    missing = [name for name in _COLUMNS if name not in table]
    need(not missing and len(table) > 0, f"coefficients: expected rows with {_COLUMNS}; missing {missing}")
    rows = table.sort_values("beta", key=np.abs, ascending=False, kind="stable").head(n_features)
    several = table["class"].nunique() > 1
    names = [
        _name(str(feature), str(name) if several else "", int(count))
        for feature, name, count in zip(rows["feature"], rows["class"], rows["sentences"], strict=True)
    ]
    beta, contribution = (rows[name].to_numpy(dtype=float) for name in ("beta", "contribution"))
    whose = "each class" if several else str(rows["class"].iloc[0])
    figure = new_figure(
        1.0 + len(names) * _ROW + 0.65,
        _title(str(rows["feature"].iloc[0]), float(beta[0]), str(rows["class"].iloc[0])),
        f"Logistic surrogate of the network: the {len(names)} largest of {len(table)} coefficients, for "
        f"{shortened(whose, 30)}; in brackets: training sentences",
    )
    margins = Margins(left=widest(names, SMALL_SIZE + 1) + 0.35, right=0.4, top=1.0, bottom=0.65, across=0.55)
    cells = grid(figure, 1, 2, margins, widths=(3, 1.4))
    left, right = (figure.add_subplot(cells[0, i]) for i in (0, 1))
    _bars(left, beta)
    dress(
        left, "what it adds where it stands", "log-odds; of a count: by one standard deviation", gridlines="x"
    )
    left.set_yticks(range(len(names)), names, fontsize=SMALL_SIZE + 1)
    dress(right, "average size", "log-odds", gridlines="x")
    right.barh(range(len(names)), contribution, color=GRAY, height=0.72)
    right.set_yticks([])
    right.set_xlim(0, 1.05 * finite_range(contribution))
    right.xaxis.set_major_locator(MaxNLocator(nbins=2))  # small numbers are long
    for ax in (left, right):
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(names) - 0.5, -0.5)
    return finish(figure)


def _bars(ax: Axes, beta: np.ndarray) -> None:
    ax.barh(range(len(beta)), beta, color=sign_colors(beta), height=0.72)
    scale = finite_range(beta)
    for i, value in enumerate(beta):
        ax.annotate(
            signed(value, scale),
            (value, i),
            (4 if value >= 0 else -4, 0),
            textcoords="offset points",
            ha="left" if value >= 0 else "right",
            va="center",
            fontsize=SMALL_SIZE,
            color=INK,
        )
    ax.axvline(0, color=GRAY, linewidth=1)
    room = 0.26 * max(float(np.ptp(np.append(beta, 0.0))), scale)  # for the numbers beyond the bars
    low, high = min(float(beta.min()), 0.0), max(float(beta.max()), 0.0)
    ax.set_xlim(low - (room if low < 0 else room / 4), high + (room if high > 0 else room / 4))


def _name(feature: str, class_name: str, n_sentences: int) -> str:
    said = shortened(feature, 30) + (f" → {shortened_name(class_name, 18)}" if class_name else "")
    return shown(f"{said} ({n_sentences})" if n_sentences else said, 64)


def _title(feature: str, beta: float, class_name: str) -> str:
    if beta == 0:
        return "No feature moves the logistic surrogate"
    verb = "raises" if beta > 0 else "lowers"
    return f"{shortened(feature, 40)} {verb} the log-odds of {shortened(class_name, 24)} most"
