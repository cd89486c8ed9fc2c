"""How many of its words a model needs: the way from the empty to the full sentence, over a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from whytrain.attribution.target import UNITS
from whytrain.figures.base.runs import check_runs, key, key_rows, run_handles, sizes_of
from whytrain.figures.base.style import Margins, dress, finish, grid, new_figure
from whytrain.figures.base.text import shown
from whytrain.presentation.palette import run_colors, run_lines
from whytrain.types import Payoff

_GRID = np.linspace(0, 1, 41)  # shares of the words at which the paths are averaged
_MOST_OF = 0.9  # of the way from no words to all
_NAME = 26  # characters of a name in the title
_ALIKE = 0.2  # shares that differ by more are no one share
_BANDS = 3  # runs up to which quartiles stay readable


def corpus_path(runs: Mapping[str, Sequence[NDArray[np.float64]]], *, payoff: Payoff) -> Figure:
    """Draw the median payoff, with quartiles, by the share of words that are present.

    Args:
        runs: by name, the cumulative paths (n + 1,) of sentences of n ≥ 1 words.
        payoff: what v is.
    """
    names = check_runs("corpus_path", runs)
    medians = {
        name: np.quantile(_stretched(paths), [0.25, 0.5, 0.75], axis=0) for name, paths in runs.items()
    }
    bands = "; bands: quartiles" if len(names) <= _BANDS else ""
    figure = new_figure(
        4.2 + 0.23 * key_rows(names),
        _title(medians),
        f"Medians of {sizes_of(runs)}; words are added from the most important on{bands}",
    )
    top = key(figure, run_handles(names)) + 0.35
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(top=top))[0])
    dress(ax, f"{UNITS[payoff]} of the class", x="share of the words that are there", gridlines="both")
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    colors, lines = run_colors(names), run_lines(names)
    for name, (low, middle, high) in medians.items():
        ax.plot(_GRID, middle, color=colors[name], linestyle=lines[name], linewidth=2)
        if len(names) <= _BANDS:
            ax.fill_between(_GRID, low, high, color=colors[name], alpha=0.15, linewidth=0)
    ax.set_xlim(0, 1)
    return finish(figure)


def _stretched(paths: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the paths at common shares of the words: (n_sentences, n_shares)."""
    return np.array([np.interp(_GRID, np.linspace(0, 1, len(path)), path) for path in paths])


def _title(medians: dict[str, NDArray[np.float64]]) -> str:
    """Say how many words go most of the way; nothing of a way that leads nowhere."""
    shares = [(_reached(middle), name) for name, (_, middle, _) in medians.items()]
    known = sorted((share, name) for share, name in shares if share is not None)
    if len(known) < len(shares):
        return "With all their words, the sentences are no surer of the class than without"
    (first, quickest), (last, slowest) = known[0], known[-1]
    least, most = f"{first:.0%}", f"{last:.0%}"
    if last - first > _ALIKE:
        way = f"{_MOST_OF:.0%} of the way: {least} of the words in {shown(quickest, _NAME)}"
        return f"{way}, {most} in {shown(slowest, _NAME)}"
    share = least if least == most else f"{least.removesuffix('%')} to {most}"
    return f"The most important {share} of the words go {_MOST_OF:.0%} of the way to the full sentence"


def _reached(path: NDArray[np.float64]) -> float | None:
    """Return the share of the words at which a path has gone most of its way up; None where it leads down."""
    if path[-1] <= path[0]:
        return None
    goal = path[0] + _MOST_OF * (path[-1] - path[0])
    below = np.flatnonzero(path < goal)
    return float(_GRID[below[-1] + 1]) if len(below) else 0.0
