"""Does a confidence of 0.8 mean right in 8 of 10? Accuracy against confidence, bin by bin."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from whytrain.calibration.noise_floor import NoiseFloor, ece_noise_floor
from whytrain.figures.base.runs import (
    NO_LEGEND,
    Legend,
    Runs,
    check_runs,
    key,
    key_label,
    panel_grid,
    sizes_of,
)
from whytrain.figures.base.style import WIDTH, Margins, dress, finish, fitted, grid, new_figure
from whytrain.metrics.calibration import ReliabilityBins, expected_calibration_error, reliability_bins
from whytrain.presentation.palette import GRAY, INK, LIGHT_GRAY, run_colors
from whytrain.statistics.intervals import binomial_quantile, wilson_interval

LEVEL = 0.95
_PANEL = 3.6  # inches from panel to panel


def reliability_diagram(runs: Runs, n_bins: int = 15, legend: Legend = NO_LEGEND) -> Figure:
    """Draw accuracy against confidence in bins, with counts, intervals and what noise alone would do.

    Points are the accuracy of a bin at its mean confidence, with its 95% Wilson interval. The band holds 95%
    of the accuracies that a calibrated model, right with exactly its confidence, would show in such a bin.
    Below: the number of sentences per bin.

    Args:
        runs: by name, probabilities (n, n_classes) and labels (n,).
        n_bins: bins of equal width on [0, 1].
        legend: what the names stand for.

    References:
        Bröcker, Smith (2007), Increasing the reliability of reliability diagrams: the consistency band.
    """
    names = check_runs("reliability_diagram", runs)
    bins = {name: reliability_bins(*runs[name], n_bins) for name in names}
    errors = {name: expected_calibration_error(*runs[name], n_bins) for name in names}
    floors = {name: ece_noise_floor(runs[name][0], n_bins) for name in names}
    n_rows, n_columns = panel_grid(len(names))
    several = len(names) > 1
    figure = new_figure(1.35 + n_rows * _PANEL, _title(errors, floors), _subtitle(runs))
    top = key(figure, _handles()) + (0.55 if several else 0.35)
    margins = Margins(left=0.7, top=top, bottom=0.6, down=1.05, across=0.55)
    cells = grid(figure, n_rows, n_columns, margins)
    start = min(float(b.edges[:-1][b.counts > 0].min()) for b in bins.values())
    lowest = min(start, *(_lowest(b) for b in bins.values()))
    colors = run_colors(names)
    width = (WIDTH - 1) / n_columns - 0.7
    for i, name in enumerate(names):
        halves = cells[i].subgridspec(2, 1, height_ratios=(4, 1), hspace=0.1)
        upper = figure.add_subplot(halves[0])
        lower = figure.add_subplot(halves[1], sharex=upper)
        upper.tick_params(labelbottom=False)
        error, floor = errors[name], floors[name].percentile_95
        heading = f"ECE {error:.3f}, noise {floor:.3f}"
        if several:
            heading = f"{fitted(key_label(name, legend), width, 11)}\n{heading}"
        dress(upper, heading, y="accuracy" if i % n_columns == 0 else "", gridlines="both")
        _curve(upper, bins[name], colors[name])
        upper.set_xlim(start, 1)
        upper.set_ylim(lowest, 1.02)
        _counts(lower, bins[name], colors[name], labeled=i % n_columns == 0)
    return finish(figure)


def _curve(ax: Axes, bins: ReliabilityBins, color: str) -> None:
    ax.plot([0, 1], [0, 1], color=GRAY, linestyle="--", linewidth=1)
    filled = np.flatnonzero(bins.counts)
    confidence, counts = bins.confidence[filled], bins.counts[filled]
    low, high = (
        binomial_quantile(q, counts, confidence) / counts for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    )
    edges = np.stack([bins.edges[filled], bins.edges[filled + 1]], axis=1)  # (n_filled, 2)
    for edge, lowest, highest in zip(edges, low, high, strict=True):
        ax.fill_between(edge, lowest, highest, color=LIGHT_GRAY, linewidth=0, zorder=0.5)
    accuracy = bins.accuracy[filled]
    intervals = [wilson_interval(round(a * n), int(n), LEVEL) for a, n in zip(accuracy, counts, strict=True)]
    # At 0 and 1 an end of the interval is the estimate itself, up to rounding: lengths must not be negative.
    lengths = np.array([[max(0.0, i.estimate - i.low), max(0.0, i.high - i.estimate)] for i in intervals]).T
    ax.errorbar(
        confidence, accuracy, lengths, fmt="o-", color=color, markersize=5, linewidth=1.2, elinewidth=1.2
    )


def _counts(ax: Axes, bins: ReliabilityBins, color: str, *, labeled: bool) -> None:
    dress(ax, x="confidence", y="sentences" if labeled else "", gridlines="")
    widths = np.diff(bins.edges)
    ax.bar(bins.edges[:-1], bins.counts, widths * 0.92, align="edge", color=color, alpha=0.8)
    ax.locator_params(axis="y", nbins=3)


def _lowest(bins: ReliabilityBins) -> float:
    filled = bins.counts > 0
    return float(max(0.0, bins.accuracy[filled].min() - 0.15))


def _handles() -> list[Line2D | Patch]:
    return [
        Line2D([], [], color=GRAY, linestyle="--", label="calibrated"),
        Patch(color=LIGHT_GRAY, label="95% of a calibrated model (noise)"),
        Line2D([], [], color=INK, marker="o", markersize=5, label="accuracy, 95% interval"),
    ]


def _title(errors: dict[str, float], floors: dict[str, NoiseFloor]) -> str:
    beyond = [name for name, error in errors.items() if error > floors[name].percentile_95]
    if len(errors) > 1:
        return f"Confidence against accuracy: {len(beyond)} of {len(errors)} are off by more than noise"
    (error,) = errors.values()
    said = "more than noise explains" if beyond else "no more than noise explains"
    return f"Confidence and accuracy differ by {error:.3f}, {said}"


def _subtitle(runs: Runs) -> str:
    sizes = sizes_of({name: labels for name, (_, labels) in runs.items()})
    return f"{sizes}; confidence: of the predicted class; noise: 95th percentile of a calibrated model"
