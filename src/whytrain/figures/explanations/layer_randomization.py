"""Do explanations depend on what the model learned? Their similarity while its layers are randomized."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from whytrain.counted import counted
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import shown_end, widest
from whytrain.presentation.palette import GRAY, INK, PALETTE
from whytrain.presentation.wording import MINUS
from whytrain.statistics.intervals import t_interval

_ROW, _NARROW_ROW = 0.36, 0.24  # inches; narrow where there are many layers
_MANY = 20


def layer_randomization(correlations: Mapping[str, NDArray[np.float64]]) -> Figure:
    """Draw the rank correlation with the trained model's explanations, layer by layer.

    A random layer reads what the layers below it have learned, with a random sign: one draw of its weights
    can agree with the trained model as well as contradict it, on all sentences alike. So the draws are what
    is averaged, and sentences within a draw tell nothing about the next one.

    Args:
        correlations: by name of the layer, from the output to the input (this and all above it are
            randomized), float (n_draws, n_sentences): `rank_correlation` of each sentence under each draw of
            random weights, NaN where undefined.

    Raises:
        WhytrainError: no layers.

    References:
        Adebayo et al. (2018), Sanity checks for saliency maps, figure 2.
    """
    need(len(correlations) > 0, "layer_randomization: expected at least one layer, came none")
    names = ["trained", *(shown_end(name, 32) for name in correlations)]
    draws = [_of_draws(rows) for rows in correlations.values()]
    n_draws, n_sentences = max(rows.shape for rows in correlations.values())
    row = _ROW if len(names) <= _MANY else _NARROW_ROW
    figure = new_figure(
        1.0 + len(names) * row + 0.65,
        _title(draws[-1]),
        f"ticks: {counted(n_draws, 'draw')} of random weights, each the mean of "
        f"{counted(n_sentences, 'sentence')}; dots: their mean with its 95% interval",
    )
    margins = Margins(left=widest(names, SMALL_SIZE) + 0.35, right=0.85, top=0.85, bottom=0.65)
    ax = figure.add_subplot(grid(figure, 1, 1, margins)[0])
    dress(
        ax,
        x="rank correlation with the trained model's explanation; a random layer gives it a random sign",
        gridlines="x",
    )
    ax.plot(1, 0, "o", color=INK, markersize=7)
    _layers(ax, draws)
    ax.axvline(0, color=GRAY, linestyle="--", linewidth=1)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(-1.02, 1.02)
    ax.set_ylim(len(names) - 0.5, -0.5)
    return finish(figure)


def _of_draws(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each draw (n_draws,), without those in which no sentence has a correlation."""
    defined = np.isfinite(rows)
    return np.array([row[known].mean() for row, known in zip(rows, defined, strict=True) if known.any()])


def _layers(ax: Axes, layers: list[NDArray[np.float64]]) -> None:
    rows = list(range(1, len(layers) + 1))
    sizes = [len(values) for values in layers]
    ax.plot(np.concatenate(layers), np.repeat(rows, sizes), "|", color=PALETTE[4], markersize=8, alpha=0.6)
    for row, values in zip(rows, layers, strict=True):
        text = "–"
        if len(values):
            text = f"{values.mean():.2f}".replace("-", MINUS)
            ax.plot(values.mean(), row, "o", color=PALETTE[0], markersize=7)
        if len(values) > 1:
            interval = t_interval(values)
            ax.plot([interval.low, interval.high], [row, row], color=PALETTE[0], linewidth=3)
        ax.text(1.06, row, text, va="center", fontsize=SMALL_SIZE, color=INK)


def _title(last: NDArray[np.float64]) -> str:
    if not len(last):
        return "Explanations while the layers are randomized"
    mean = f"{last.mean():.2f}".replace("-", MINUS)
    return f"With all layers randomized, explanations correlate with the trained model's at {mean}"
