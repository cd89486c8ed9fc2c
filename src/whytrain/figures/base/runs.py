"""Several runs in one figure: their predictions, panels, and the key to their colors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from whytrain.figures.base.style import SMALL_SIZE, WIDTH, need
from whytrain.figures.base.text import shown, widest
from whytrain.presentation.palette import INK, run_colors, run_lines
from whytrain.presentation.wording import counted

# Run name → probabilities (n, n_classes) and labels (n,). The order of the names decides their colors.
Runs = Mapping[str, tuple[NDArray[np.floating], NDArray[np.integer]]]

KEY_TOP = 0.66  # inches from the top of the figure to its key
_KEY_ROW = 0.23  # inches


def key(figure: Figure, handles: Sequence[Artist]) -> float:
    """Draw the key to colors and lines below the subtitle, in as many rows as it needs.

    Returns:
        Inches from the top of the figure to the key's end.
    """
    labels = [str(handle.get_label()) for handle in handles]
    n_columns = max(1, min(len(labels), int((WIDTH - 0.3) / (widest(labels, SMALL_SIZE) + 0.62))))
    _, height = figure.get_size_inches()
    figure.legend(
        handles=handles,
        ncols=n_columns,
        loc="upper left",
        bbox_to_anchor=(0.2 / WIDTH, 1 - KEY_TOP / height),
        frameon=False,
        fontsize=SMALL_SIZE,
        labelcolor=INK,
        borderaxespad=0.0,
        borderpad=0.0,
    )
    return KEY_TOP + _KEY_ROW * -(-len(labels) // n_columns)


def run_handles(names: Sequence[str]) -> list[Artist]:
    """Return a line for each run, in its color and style."""
    colors, lines = run_colors(names), run_lines(names)
    return [
        Line2D([], [], color=colors[name], linestyle=lines[name], linewidth=2, label=run_label(name))
        for name in names
    ]


def key_rows(names: Sequence[str]) -> int:
    """Return the rows that the key to these runs takes."""
    width = widest([run_label(name) for name in names], SMALL_SIZE) + 0.62
    return -(-len(names) // max(1, int((WIDTH - 0.3) / width)))


def run_label(name: str) -> str:
    """Return a run's name as figures show it."""
    return shown(name, 28)


def sizes_of(runs: Mapping[str, Sized]) -> str:
    """Return how many sentences the runs have: "872 sentences", "800 or 872 sentences"."""
    *others, last = sorted({len(rows) for rows in runs.values()})
    return " or ".join([*map(str, others), counted(last, "sentence")])


def panel_grid(n_panels: int) -> tuple[int, int]:
    """Return rows and columns of panels: at most three side by side, four where there are many."""
    columns = min(n_panels, 3 if n_panels <= 9 else 4)
    return -(-n_panels // columns), columns


def check_runs(name: str, runs: Mapping[str, object]) -> list[str]:
    """Return the names of the runs; there must be one."""
    need(len(runs) > 0, f"{name}: expected at least one run, came none")
    return list(runs)
