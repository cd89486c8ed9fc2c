"""Is the model unsure where people disagree? Its entropy against that of the people's ratings."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.calibration.human_disagreement import HumanDisagreement
from whytrain.figures.base.runs import check_runs, key, panel_grid
from whytrain.figures.base.style import WIDTH, Margins, dress, finish, fitted, grid, new_figure
from whytrain.presentation.palette import GRAY, INK, run_colors
from whytrain.statistics.intervals import Interval

_GROUPS = 6  # of equally many sentences, whose means are joined by a line
_PANEL = 3.7  # inches from panel to panel


def human_entropy(runs: Mapping[str, HumanDisagreement]) -> Figure:
    """Draw the entropy of the model's probabilities against that of the people's ratings.

    Args:
        runs: by name, what `whytrain.calibration.human_disagreement.human_disagreement` found.
    """
    names = check_runs("human_entropy", runs)
    n_rows, n_columns = panel_grid(len(names))
    surer = {name: _share_surer(found) for name, found in runs.items()}
    figure = new_figure(
        1.35 + n_rows * _PANEL,
        _title(surer),
        "Each point is a sentence; ρ: Spearman correlation, 95% interval; surer: below the diagonal",
    )
    several = len(names) > 1
    margins = Margins(
        left=0.75, top=key(figure, _handles()) + (0.85 if several else 0.4), down=1.3, across=0.5
    )
    cells = grid(figure, n_rows, n_columns, margins)
    end = max(float(max(f.model_entropy.max(), f.human_entropy.max())) for f in runs.values()) * 1.04 or 1.0
    colors = run_colors(names)
    for i, (name, found) in enumerate(runs.items()):
        ax = figure.add_subplot(cells[i])
        lines = [_correlation(found.entropy_correlation)]
        lines.append(f"KL {found.kl.estimate:.2f}, surer {surer[name]:.0%}")
        if several:
            lines.insert(0, fitted(name, (WIDTH - 1) / n_columns - 0.5, 11))
        dress(
            ax,
            ("\n" if several else ", ").join(lines),
            x="people's entropy (nats)",
            y="model's entropy (nats)" if i % n_columns == 0 else "",
            gridlines="both",
        )
        _points(ax, found, colors[name], end)
    return finish(figure)


def _points(ax: Axes, found: HumanDisagreement, color: str, end: float) -> None:
    x, y = found.human_entropy, found.model_entropy
    ax.plot([0, end], [0, end], color=GRAY, linestyle="--", linewidth=1)
    ax.plot(
        x, y, ".", color=color, alpha=float(np.clip(300 / len(x), 0.08, 0.6)), markersize=5, clip_on=False
    )
    order = np.argsort(x, kind="stable")
    groups = [group for group in np.array_split(order, _GROUPS) if len(group)]
    means = np.array([[x[group].mean(), y[group].mean()] for group in groups])
    ax.plot(means[:, 0], means[:, 1], "s-", color=INK, markersize=5, linewidth=1.5)
    ax.set_xlim(0, end)
    ax.set_ylim(0, end)


def _share_surer(found: HumanDisagreement) -> float:
    return float((found.model_entropy < found.human_entropy).mean())


def _correlation(interval: Interval | None) -> str:
    if interval is None:
        return "ρ: –"
    return f"ρ = {interval.estimate:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], color=GRAY, linestyle="--", label="as unsure as people"),
        Line2D([], [], color=INK, marker="s", markersize=5, label="mean of a sixth of the sentences"),
    ]


def _title(surer: dict[str, float]) -> str:
    least, most = f"{min(surer.values()):.0%}", f"{max(surer.values()):.0%}"
    share = least if least == most else f"{least} to {most}"
    return f"The model is surer than the people on {share} of the sentences"
