"""Where in sentences the importance lies, over a corpus."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from whytrain.figures.base.runs import check_runs, key, key_rows, run_handles
from whytrain.figures.base.style import Margins, dress, finish, grid, new_figure
from whytrain.presentation.palette import GRAY, run_colors, run_lines


def position_profile(runs: Mapping[str, NDArray[np.float64]]) -> Figure:
    """Draw the share of importance by relative position in the sentence.

    Args:
        runs: by name (of a run, or of an epoch), float (n_bins,), shares that sum to 1, from
            `whytrain.attribution.positions.position_profile`; all with as many bins.
    """
    names = check_runs("position_profile", runs)
    figure = new_figure(
        4.0 + 0.23 * key_rows(names),
        _title(runs),
        "Mean share of Σ|score|; 0 is the first word, 1 the last; dashed: importance spread evenly",
    )
    top = key(figure, run_handles(names)) + 0.35
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(top=top))[0])
    dress(ax, "share of the importance", x="relative position in the sentence")
    colors, lines = run_colors(names), run_lines(names)
    for name, profile in runs.items():
        edges = np.linspace(0, 1, len(profile) + 1)
        fill = len(names) == 1
        ax.stairs(profile, edges, color=colors[name], linestyle=lines[name], linewidth=2, baseline=None)
        if fill:
            ax.stairs(profile, edges, color=colors[name], alpha=0.25, fill=True)
    ax.axhline(1 / len(next(iter(runs.values()))), color=GRAY, linestyle="--", linewidth=1.2)
    ax.set_xlim(0, 1)
    ax.set_ylim(bottom=0)
    return finish(figure)


def _title(runs: Mapping[str, NDArray[np.float64]]) -> str:
    thirds = [_last_third(profile) for profile in runs.values()]
    if not np.isfinite(thirds).all():
        return "Importance by position"
    least, most = f"{min(thirds):.0%}", f"{max(thirds):.0%}"
    share = least if least == most else f"{least} to {most}"
    return f"The last third of the sentences holds {share} of the importance"


def _last_third(profile: NDArray[np.float64]) -> float:
    cumulative = np.concatenate([[0.0], np.cumsum(profile)])
    edges = np.linspace(0, 1, len(profile) + 1)
    return float(cumulative[-1] - np.interp(2 / 3, edges, cumulative))
