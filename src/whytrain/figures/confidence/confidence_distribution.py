"""How confident the model is: density, cumulative share, quartiles, and shares of low and high confidence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from whytrain.figures.base.runs import (
    KEY_TOP,
    NO_LEGEND,
    Legend,
    check_runs,
    key,
    key_rows,
    of_each,
    run_handles,
    run_label,
    sizes_of,
)
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, new_figure
from whytrain.figures.base.text import widest
from whytrain.metrics.checks import check_probabilities
from whytrain.presentation.palette import run_colors, run_lines, text_on

# Below 0.6 low, above 0.9 high, reasonable between them, ends included.
LOW, HIGH = 0.6, 0.9
LEVELS = {"low": "#DCE6F2", "reasonable": "#6BAED6", "high": "#08519C"}
_GRID = 400  # bins on [0, 1] from which the density is smoothed

Confidences = dict[str, NDArray[np.float64]]


def confidence_distribution(runs: Mapping[str, NDArray[np.floating]], legend: Legend = NO_LEGEND) -> Figure:
    """Draw the distribution of the confidence, max_c p_c, in four ways.

    Args:
        runs: by name, probabilities (n, n_classes).
        legend: what the names stand for.
    """
    names = check_runs("confidence_distribution", runs)
    arrays = [check_probabilities(runs[name], name) for name in names]
    confidences = {n: np.sort(a.max(axis=1)).astype(float) for n, a in zip(names, arrays, strict=True)}
    lowest = 1 / max(array.shape[1] for array in arrays)
    key_height = 0.23 * key_rows(names, legend)
    rows_height = 1.9 + max(0, len(names) - 4) * 0.3
    figure = new_figure(KEY_TOP + key_height + 4.6 + rows_height, _title(confidences), _subtitle(confidences))
    top = key(figure, run_handles(names, legend)) + 0.35
    left = widest([run_label(name) for name in names], SMALL_SIZE) + 0.35
    left = max(0.65, left)
    margins = Margins(left=left, top=top, down=0.85, across=0.7)
    cells = grid(figure, 2, 2, margins, heights=(2.6, rows_height))
    density, cumulative, boxes, shares = (figure.add_subplot(cells[i]) for i in range(4))
    _density(density, confidences, lowest)
    _cumulative(cumulative, confidences, lowest)
    _boxes(boxes, confidences, lowest)
    _shares(shares, confidences)
    return finish(figure)


def level_shares(confidence: NDArray[np.floating]) -> dict[str, float]:
    """Return the shares of low (below 0.6), reasonable and high (above 0.9) confidence."""
    low, high = float((confidence < LOW).mean()), float((confidence > HIGH).mean())
    return {"low": low, "reasonable": 1 - low - high, "high": high}


def smooth_density(confidence: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a Gaussian kernel density on [0, 1], reflected at both ends so that its mass stays 1.

    The bandwidth is Silverman's, 0.9 · min(deviation, IQR/1.34) · n^(-1/5), at least 0.01.
    """
    counts, edges = np.histogram(confidence, bins=_GRID, range=(0, 1))
    quartiles = np.subtract(*np.quantile(confidence, [0.75, 0.25]))
    spread = min(float(confidence.std()), float(quartiles) / 1.34) or float(confidence.std())
    bandwidth = max(0.9 * spread * len(confidence) ** -0.2, 0.01)
    density = gaussian_filter1d(counts / len(confidence) * _GRID, bandwidth * _GRID, mode="reflect")
    return (edges[:-1] + edges[1:]) / 2, density


def _density(ax: Axes, confidences: Confidences, lowest: float) -> None:
    dress(ax, "density", x="confidence")
    colors, lines = run_colors(list(confidences)), run_lines(list(confidences))
    for name, confidence in confidences.items():
        x, y = smooth_density(confidence)
        ax.plot(x, y, color=colors[name], linestyle=lines[name], linewidth=2, label=run_label(name))
        if len(confidences) == 1:
            ax.fill_between(x, y, color=colors[name], alpha=0.15, linewidth=0)
    ax.set_xlim(lowest, 1)
    ax.set_ylim(bottom=0)


def _cumulative(ax: Axes, confidences: Confidences, lowest: float) -> None:
    dress(ax, "share of sentences at most as confident", x="confidence", gridlines="both")
    colors, lines = run_colors(list(confidences)), run_lines(list(confidences))
    for name, confidence in confidences.items():
        x = np.concatenate([[lowest], confidence, [1.0]])
        y = np.concatenate([np.arange(len(confidence) + 1) / len(confidence), [1.0]])
        ax.step(x, y, where="post", color=colors[name], linestyle=lines[name], linewidth=2)
    ax.set_xlim(lowest, 1)
    ax.set_ylim(0, 1.02)


def _boxes(ax: Axes, confidences: Confidences, lowest: float) -> None:
    dress(ax, "median, quartiles, 5% and 95%", x="confidence", gridlines="x")
    quantiles = {name: np.quantile(c, [0.05, 0.25, 0.5, 0.75, 0.95]) for name, c in confidences.items()}
    stats = [
        {"whislo": q[0], "q1": q[1], "med": q[2], "q3": q[3], "whishi": q[4], "fliers": []}
        for q in quantiles.values()
    ]
    n = len(stats)
    drawn = ax.bxp(
        stats, positions=range(n), orientation="horizontal", widths=0.5, patch_artist=True, showfliers=False
    )
    for box, color in zip(drawn["boxes"], run_colors(list(confidences)).values(), strict=True):
        box.set(facecolor=color, alpha=0.6)
    for median in drawn["medians"]:
        median.set(color="black", linewidth=2)
    ax.set_yticks(range(n), [run_label(name) for name in confidences] if n > 1 else [""])
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(lowest, 1)
    ax.set_ylim(n - 0.5, -0.5)


def _shares(ax: Axes, confidences: Confidences) -> None:
    dress(ax, "share: low < 0.6, reasonable, high > 0.9", x="share of sentences", gridlines="")
    n = len(confidences)
    for row, confidence in enumerate(confidences.values()):
        start = 0.0
        for level, share in level_shares(confidence).items():
            ax.barh(row, share, left=start, color=LEVELS[level], edgecolor="white", height=0.62)
            if share > 0.11:
                text = f"{level} {share:.0%}" if share > 0.3 else f"{share:.0%}"
                ink = text_on(LEVELS[level])
                ax.text(
                    start + share / 2, row, text, ha="center", va="center", fontsize=SMALL_SIZE, color=ink
                )
            start += share
    ax.set_yticks([])
    ax.set_xlim(0, 1)
    ax.set_ylim(n - 0.5, -0.5)


def _title(confidences: Confidences) -> str:
    shares = {name: f"{level_shares(confidence)['high']:.0%}" for name, confidence in confidences.items()}
    return f"More than {HIGH:.0%} sure: {of_each(shares)} of the predictions"


def _subtitle(confidences: Confidences) -> str:
    return f"{sizes_of(confidences)}; confidence: probability of the predicted class"
