"""Several runs in one figure: their predictions, panels, and the key to their colors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from types import MappingProxyType

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from whytrain.counted import counted
from whytrain.figures.base.style import SMALL_SIZE, WIDTH, fitted, need
from whytrain.figures.base.text import shown, widest
from whytrain.presentation.palette import INK, run_colors, run_lines

# Run name → probabilities (n, n_classes) and labels (n,). The order of the names decides their colors.
Runs = Mapping[str, tuple[NDArray[np.floating], NDArray[np.integer]]]

Legend = Mapping[str, str]  # what stands beside a run's name in a figure's key
NO_LEGEND: Legend = MappingProxyType({})  # the names speak for themselves

KEY_TOP = 0.66  # inches from the top of the figure to its key
_KEY_ROW = 0.23  # inches
_MOST_NUMBERS = 4  # runs up to which a title has the number of each


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


def run_handles(names: Sequence[str], legend: Legend = NO_LEGEND) -> list[Artist]:
    """Return a line for each run, in its color and style."""
    colors, lines = run_colors(names), run_lines(names)
    return [
        Line2D([], [], color=colors[name], linestyle=lines[name], linewidth=2, label=key_label(name, legend))
        for name in names
    ]


def key_rows(names: Sequence[str], legend: Legend = NO_LEGEND) -> int:
    """Return the rows that the key to these runs takes."""
    width = widest([key_label(name, legend) for name in names], SMALL_SIZE) + 0.62
    return -(-len(names) // max(1, int((WIDTH - 0.3) / width)))


def key_label(name: str, legend: Legend = NO_LEGEND) -> str:
    """Return a run's name with what it stands for, as a key has it: cut only where the figure ends."""
    return fitted(f"{name} = {legend[name]}" if name in legend else name, WIDTH - 1.0, SMALL_SIZE)


def run_label(name: str) -> str:
    """Return a run's name as axes and tables have it."""
    return shown(name, 28)


def sizes_of(runs: Mapping[str, Sized]) -> str:
    """Return how many sentences the runs have: "872 sentences", "800 or 872 sentences"."""
    *others, last = sorted({len(rows) for rows in runs.values()})
    return " or ".join([*map(str, others), counted(last, "sentence")])


def of_each(values: Mapping[str, str]) -> str:
    """Return a number of each run for a title: of many runs its range; the numbers are equally long.

    >>> of_each({"A": "0.71", "B": "0.74"}), of_each(dict(zip("ABCDE", ["0.3", "0.1", "0.2", "0.4", "0.2"])))
    ('0.71 (A), 0.74 (B)', '0.1 to 0.4')
    """
    if len(values) == 1 or len(set(values.values())) == 1:
        return next(iter(values.values()))
    if len(values) <= _MOST_NUMBERS:
        return ", ".join(f"{value} ({shown(name, 16)})" for name, value in values.items())
    least, *_, most = sorted(values.values(), key=lambda value: float(value.rstrip("%")))
    return f"{least} to {most}"


def panel_grid(n_panels: int) -> tuple[int, int]:
    """Return rows and columns of panels: at most three side by side, four where there are many."""
    columns = min(n_panels, 3 if n_panels <= 9 else 4)
    return -(-n_panels // columns), columns


def check_runs(name: str, runs: Mapping[str, object]) -> list[str]:
    """Return the names of the runs; there must be one."""
    need(len(runs) > 0, f"{name}: expected at least one run, came none")
    return list(runs)
