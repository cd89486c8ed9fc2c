"""Does the model know when it is wrong? The confidence of right answers against that of wrong ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from whytrain.figures.base.runs import (
    NO_LEGEND,
    Legend,
    Runs,
    check_runs,
    key,
    key_label,
    of_each,
    panel_grid,
)
from whytrain.figures.base.style import SMALL_SIZE, WIDTH, Margins, dress, finish, fitted, grid, new_figure
from whytrain.metrics.calibration import top_label
from whytrain.presentation.palette import RIGHT, WRONG

_BINS = 20
_PANEL = 2.9  # inches from panel to panel


def confidence_by_outcome(runs: Runs, legend: Legend = NO_LEGEND) -> Figure:
    """Draw the confidence of right and of wrong answers, each as shares of its own number.

    Args:
        runs: by name, probabilities (n, n_classes) and labels (n,).
        legend: what the names stand for.
    """
    names = check_runs("confidence_by_outcome", runs)
    scored = {name: top_label(*runs[name]) for name in names}
    aurocs = {name: outcome_auroc(*scored[name]) for name in names}
    n_rows, n_columns = panel_grid(len(names))
    figure = new_figure(
        1.35 + n_rows * _PANEL,
        _title(aurocs),
        "Lines: means; AUROC: chance that a right answer is more confident than a wrong one (0.5: by chance)",
    )
    handles = [
        Patch(facecolor=RIGHT, alpha=0.75, label="right"),
        Patch(facecolor="none", edgecolor=WRONG, hatch="///", label="wrong"),
    ]
    margins = Margins(left=0.8, top=key(figure, handles) + 0.45, down=0.95, across=0.55)
    cells = grid(figure, n_rows, n_columns, margins)
    lowest = min(1 / runs[name][0].shape[1] for name in names)
    width = (WIDTH - 1) / n_columns - 0.5
    for i, name in enumerate(names):
        ax = figure.add_subplot(cells[i])
        auroc = "AUROC –" if np.isnan(aurocs[name]) else f"AUROC {aurocs[name]:.3f}"
        label = f"{fitted(key_label(name, legend), width, 11)}\n{auroc}" if len(names) > 1 else auroc
        dress(ax, label, x="confidence", y="share" if i % n_columns == 0 else "")
        _histograms(ax, *scored[name], lowest)
    return finish(figure)


def outcome_auroc(confidence: NDArray[np.floating], correct: NDArray[np.bool_]) -> float:
    """Return the chance that a right answer is more confident than a wrong one, ties counting half.

    This is the area under the ROC curve of the confidence as a detector of right answers; NaN where all
    answers are right or all are wrong.
    """
    n_right, n_wrong = int(correct.sum()), int((~correct).sum())
    if not n_right or not n_wrong:
        return float("nan")
    ranks = pd.Series(confidence).rank().to_numpy()
    return float((ranks[correct].sum() - n_right * (n_right + 1) / 2) / (n_right * n_wrong))


def _histograms(
    ax: Axes, confidence: NDArray[np.floating], correct: NDArray[np.bool_], lowest: float
) -> None:
    edges = np.linspace(lowest, 1, _BINS + 1)
    top = 0.0
    sides = ((correct, "right", RIGHT), (~correct, "wrong", WRONG))
    present = [(confidence[of], word, color) for of, word, color in sides if of.any()]
    for values, word, color in present:
        shares = np.histogram(values, edges)[0] / len(values)
        look = {"fill": True, "alpha": 0.75} if word == "right" else {"hatch": "///"}
        ax.stairs(shares, edges, color=color, **look)
        top = max(top, float(shares.max()))
    for line, (values, word, color) in enumerate(present):
        mean = float(values.mean())
        ax.vlines(mean, 0, 1.03 * top, color=color, linewidth=2, linestyle="-" if word == "right" else "--")
        text = f"{len(values)} {word}, mean {mean:.3f}"
        y = (1.32 - 0.15 * line) * top
        ax.text(lowest, y, " " + text, fontsize=SMALL_SIZE, color=color, va="top", weight="bold")
    ax.set_xlim(lowest, 1)
    ax.set_ylim(0, 1.35 * top)


def _title(aurocs: dict[str, float]) -> str:
    known = {name: f"{value:.0%}" for name, value in aurocs.items() if not np.isnan(value)}
    if not known:
        return "Only right or only wrong answers"
    return f"A right answer is surer than a wrong one in {of_each(known)} of pairs"
