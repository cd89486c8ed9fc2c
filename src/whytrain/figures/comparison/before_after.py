"""Two runs in one figure: paired bars, and the change from the first to the second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import NDArray

from whytrain.figures.base.runs import NO_LEGEND, Legend, key_label
from whytrain.figures.base.style import SMALL_SIZE, need
from whytrain.presentation.palette import GRAY, INK, RIGHT, WRONG
from whytrain.presentation.wording import signed

Array = NDArray[np.float64]

ROW = 0.36  # inches of a word with its two bars
MOST_ROWS = 30


class TwoRuns(NamedTuple):
    """The runs of a figure, the baseline first.

    Attributes:
        names: of the runs.
        legend: what the names stand for.
        colors: theirs in all figures of the comparison (`whytrain.presentation.palette.run_colors`).
    """

    names: tuple[str, str]
    colors: tuple[str, str]
    legend: Legend = NO_LEGEND

    @property
    def handles(self) -> list[Artist]:
        """Entries of the figure's key."""
        pairs = zip(self.names, self.colors, strict=True)
        return [Patch(color=color, label=key_label(name, self.legend)) for name, color in pairs]


def strongest(before: Array, after: Array, n_rows: int) -> list[int]:
    """Return the positions of the largest values of either side, in their own order."""
    sizes = np.fmax(np.abs(before), np.abs(after))  # NaN: of a side that is not known
    kept = np.argsort(-sizes, kind="stable")[:n_rows]
    return sorted(kept.tolist())


def check_sides(name: str, words: Sequence[str], before: Array, after: Array) -> None:
    """Refuse sides of other lengths than the words, and no words at all."""
    need(
        len(words) == len(before) == len(after) > 0,
        f"{name}: expected one value per word before and after, at least one; came {len(words)} words, "
        f"{len(before)} and {len(after)} values",
    )


def paired_bars(
    ax: Axes,
    names: Sequence[str],
    sides: tuple[Array, Array],
    colors: tuple[str, str],
    errors: tuple[Array | None, Array | None] = (None, None),
) -> None:
    """Draw two bars per name, the baseline's above, with ± 1.96 standard errors where there are any."""
    n = len(names)
    for values, color, shift, error in zip(sides, colors, (-0.2, 0.2), errors, strict=True):
        ax.barh(np.arange(n) + shift, np.nan_to_num(values), height=0.38, color=color)
        if error is not None:
            ax.errorbar(values, np.arange(n) + shift, xerr=1.96 * error, fmt="none", ecolor=INK, elinewidth=1)
    ax.axvline(0, color=GRAY, linewidth=1)
    ax.locator_params(axis="x", nbins=4)
    ax.set_yticks(range(n), names, fontsize=SMALL_SIZE)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(n - 0.5, -0.5)


def change_bars(ax: Axes, change: Array) -> None:
    """Draw what grew in green and what shrank in red, with numbers."""
    n, scale = len(change), float(np.nanmax(np.abs(change)))
    ax.barh(range(n), change, height=0.6, color=[RIGHT if value >= 0 else WRONG for value in change])
    for row, value in enumerate(change):
        side = 1 if value >= 0 else -1
        ax.annotate(
            signed(float(value), scale),
            (float(value), row),
            (3 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=SMALL_SIZE - 1,
            color=INK,
        )
    ax.axvline(0, color=GRAY, linewidth=1)
    ax.locator_params(axis="x", nbins=4)
    ax.set_yticks([])
    low, high = min(0.0, float(change.min())), max(0.0, float(change.max()))
    room = 0.28 * ((high - low) or 1.0)  # for the numbers
    ax.set_xlim(low - (room if low < 0 else room / 4), high + (room if high > 0 else room / 4))
    ax.set_ylim(n - 0.5, -0.5)
