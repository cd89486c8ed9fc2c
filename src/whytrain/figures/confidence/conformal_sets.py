"""Sets of classes with a guaranteed coverage: how large they are, and whether the guarantee holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from whytrain.calibration.set_summary import SetSummary
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
)
from whytrain.figures.base.style import SMALL_SIZE, WIDTH, Margins, dress, finish, grid, new_figure
from whytrain.figures.base.text import shown_name, widest
from whytrain.presentation.palette import GRAY, LIGHT_GRAY, WRONG, run_colors, text_on
from whytrain.statistics.intervals import Interval

_LARGEST = 4  # sizes from here on share a color
SIZE_COLORS = ("#FFFFFF", "#08519C", "#6BAED6", "#BDD7E7", "#EFF3FF")  # none, 1, 2, 3, 4 and more


def conformal_sets(
    runs: Mapping[str, SetSummary],
    alpha: float,
    class_names: Sequence[str],
    expected: Interval | None = None,
    legend: Legend = NO_LEGEND,
) -> Figure:
    """Draw the shares of set sizes, and the coverage of all sentences and of each class.

    Args:
        runs: by name, what `whytrain.calibration.set_summary.summarize_sets` found.
        alpha: the share of sets that may miss the label.
        class_names: one name per class.
        expected: where the coverage of all sentences lies if calibration and test rows are exchangeable
            (`whytrain.calibration.conformal.coverage_range`); a gray band.
        legend: what the names stand for.
    """
    names = check_runs("conformal_sets", runs)
    rows = ["all", *(shown_name(name, 22) for name in class_names)]
    row = max(0.36, 0.13 * len(names))
    body = max(1.6, row * len(rows), 0.42 * len(names))
    n_keys = 1 + key_rows(names, legend) * (len(names) > 1)
    figure = new_figure(
        KEY_TOP + 0.23 * n_keys + 0.5 + body + 0.65, *_titles(runs, alpha, expected is not None)
    )
    handles = [*(run_handles(names, legend) if len(names) > 1 else []), *_size_handles(runs)]
    top = key(figure, handles) + 0.45
    left_panel = 4.3 if len(names) == 1 else 3.3  # inches, with the space to the right
    label_width = widest([run_label(name) for name in names], SMALL_SIZE) + 0.3
    if len(names) == 1:
        label_width = 0.3
    row_width = widest(rows, SMALL_SIZE) + 0.25
    sizes = Margins(left=label_width, right=WIDTH - label_width - (left_panel - 0.4), top=top, bottom=0.65)
    coverage = Margins(left=label_width + left_panel - 0.2 + row_width, right=0.3, top=top, bottom=0.65)
    _sizes(figure.add_subplot(grid(figure, 1, 1, sizes)[0]), runs)
    ax = figure.add_subplot(grid(figure, 1, 1, coverage)[0])
    if expected is not None:
        ax.fill_betweenx([-0.5, 0.5], expected.low, expected.high, color=LIGHT_GRAY, linewidth=0)
    _coverage(ax, runs, alpha, rows)
    return finish(figure)


def _sizes(ax: Axes, runs: Mapping[str, SetSummary]) -> None:
    dress(ax, "size of the sets", x="share of sentences", gridlines="")
    for row, summary in enumerate(runs.values()):
        start = 0.0
        for size, share in enumerate(_size_shares(summary)):
            if share == 0:
                continue
            ax.barh(
                row, share, left=start, height=0.66, color=SIZE_COLORS[size], edgecolor=GRAY, linewidth=0.6
            )
            if size == 0:
                ax.patches[-1].set(hatch="///", edgecolor=WRONG)
            elif share > 0.12:
                color = text_on(SIZE_COLORS[size])
                ax.text(
                    start + share / 2,
                    row,
                    f"{share:.0%}",
                    ha="center",
                    va="center",
                    fontsize=SMALL_SIZE,
                    color=color,
                )
            start += share
    ax.set_yticks(range(len(runs)), [run_label(name) for name in runs] if len(runs) > 1 else [""])
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0, 1)
    ax.set_ylim(len(runs) - 0.5, -0.5)


def _coverage(ax: Axes, runs: Mapping[str, SetSummary], alpha: float, rows: list[str]) -> None:
    dress(ax, "coverage, 95% interval", x="share of sets that hold the label", gridlines="x")
    colors = run_colors(list(runs))
    for i, (name, summary) in enumerate(runs.items()):
        offset = (i - (len(runs) - 1) / 2) * 0.7 / len(runs)
        for row, interval in enumerate([summary.coverage, *summary.coverage_per_class]):
            if interval is not None:
                y = row + offset
                ax.plot([interval.low, interval.high], [y, y], color=colors[name], linewidth=1.6)
                ax.plot(interval.estimate, y, "o", color=colors[name], markersize=5)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.axvline(1 - alpha, color=GRAY, linestyle="--", linewidth=1.2)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(right=1.005)
    ax.set_ylim(len(rows) - 0.5, -0.5)


def _size_shares(summary: SetSummary) -> np.ndarray:
    counts = summary.size_counts
    grouped = np.array([*counts[:_LARGEST], counts[_LARGEST:].sum()])
    shares: np.ndarray = grouped / counts.sum()
    return shares


def _size_handles(runs: Mapping[str, SetSummary]) -> list[Patch]:
    largest = max(len(summary.size_counts) for summary in runs.values()) - 1
    labels = ["no class", "1 class", "2 classes", "3 classes", "4 or more"][: largest + 1]
    looks = zip(labels, SIZE_COLORS, strict=False)
    handles = [Patch(facecolor=color, edgecolor=GRAY, linewidth=0.6, label=label) for label, color in looks]
    handles[0].set(hatch="///", edgecolor=WRONG)
    return handles


def _titles(runs: Mapping[str, SetSummary], alpha: float, has_band: bool) -> tuple[str, str]:
    means = [summary.mean_size for summary in runs.values()]
    hits = [summary.coverage.estimate for summary in runs.values()]
    if len(runs) == 1:
        title = f"Sets of {means[0]:.2f} classes on average hold the label of {hits[0]:.1%}"
    else:
        sizes = of_each({name: f"{mean:.2f}" for name, mean in zip(runs, means, strict=True)})
        title = f"Sets of {sizes} classes; {min(hits):.1%} to {max(hits):.1%} of them hold the label"
    band = "; gray: where 95% of exchangeable test sets lie" if has_band else ""
    return title, f"Dashed: the promised {1 - alpha:.0%}{band}"
