"""Which words work together, which against each other: arcs between the words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from whytrain.attribution.attribution import Quantity
from whytrain.counted import counted
from whytrain.figures.base.signs import shade_key, shades
from whytrain.figures.base.style import SMALL_SIZE, WIDTH, finish, finite_range, need, new_figure
from whytrain.figures.base.text import shortened, shown, widest
from whytrain.presentation.palette import INK
from whytrain.presentation.wording import amount, plural, signed

_MOST_EDGES = 40
_ARC = 1.9  # inches of the highest arc
_POINTS = 40  # of an arc
_THICKEST = 7.0  # points


def interaction_network(
    words: Sequence[str],
    interactions: NDArray[np.float64],
    *,
    quantity: Quantity,
    class_name: str,
    standard_errors: NDArray[np.float64] | None = None,
) -> Figure:
    """Draw the pairwise interactions of words as arcs: width and color are the interaction.

    Above the words: synergy (both together are worth more than each alone), below: antagonism. Of more than
    40 pairs the strongest are drawn.

    Args:
        words: the n words, of a sentence in its order, or the chosen ones of a corpus.
        interactions: float (n, n), symmetric.
        quantity: what the interactions are.
        class_name: which class they speak for.
        standard_errors: float (n, n), of estimated or averaged interactions; None where they are exact.

    Raises:
        WhytrainError: no words, or another shape than (n, n).
    """
    n = len(words)
    need(
        interactions.shape == (n, n) and n > 0,
        f"interaction_network: expected interactions of {n} × {n} words, came {interactions.shape}",
    )
    pairs = np.array(np.triu_indices(n, 1)).T  # (n_pairs, 2)
    strengths = interactions[pairs[:, 0], pairs[:, 1]] if n > 1 else np.zeros(0)
    strongest = np.argsort(-np.abs(strengths), kind="stable")[:_MOST_EDGES]
    pairs, strengths = pairs[strongest], strengths[strongest]
    pairs, strengths = pairs[strengths != 0], strengths[strengths != 0]
    names = [shown(word, 16) for word in words]
    step = (WIDTH - 0.6) / n
    upright = widest(names, SMALL_SIZE) > step - 0.06
    band = widest(names, SMALL_SIZE) + 0.16 if upright else 0.3
    above, below = (_height(pairs[side]) for side in (strengths > 0, strengths < 0))
    height = 1.25 + above + band + below + 0.2
    scale = finite_range(strengths)
    n_pairs = n * (n - 1) // 2
    title, drawn = _titles(words, pairs, strengths, class_name, n_pairs)
    subtitle = f"{plural(quantity)} for {class_name}; {drawn}"
    if standard_errors is not None and len(pairs):
        largest = float(standard_errors[pairs[:, 0], pairs[:, 1]].max())
        subtitle += f"; standard errors up to {amount(largest)}"
    figure = new_figure(height, title, f"{subtitle}; above: synergy, below: antagonism")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, WIDTH)
    floor = below + 0.2 + band / 2
    ax.set_ylim(-floor, height - floor)  # inches around the words
    ax.axis("off")
    x: NDArray[np.float64] = 0.3 + step * (np.arange(n, dtype=float) + 0.5)
    _arcs(ax, x, pairs, strengths, scale, band)
    for position, name in zip(x, names, strict=True):
        ax.text(
            position,
            0,
            name,
            ha="center",
            va="center",
            rotation=90 if upright else 0,
            fontsize=SMALL_SIZE,
            color=INK,
        )
    shade_key(figure, scale, f"{quantity.symbol} ({quantity.unit})", top=0.75)
    return finish(figure)


def _arcs(
    ax: Axes,
    x: NDArray[np.float64],
    pairs: NDArray[np.int64],
    strengths: NDArray[np.float64],
    scale: float,
    band: float,
) -> None:
    """Draw half ellipses over (synergy) and under (antagonism) the band of words, the strongest on top."""
    angle = np.linspace(0, np.pi, _POINTS)
    longest = float(np.abs(np.diff(pairs, axis=1)).max()) if len(pairs) else 1.0
    curves = []
    for (first, second), strength in zip(pairs, strengths, strict=True):
        center, radius = (x[first] + x[second]) / 2, (x[second] - x[first]) / 2
        rise = _ARC * ((second - first) / longest) ** 0.7
        side = 1 if strength > 0 else -1
        curves.append(
            np.stack([center - radius * np.cos(angle), side * (band / 2 + rise * np.sin(angle))], axis=1)
        )
    order = np.argsort(np.abs(strengths), kind="stable")
    # The palest colors would vanish on white: an arc has at least a third of the full shade.
    visible = np.sign(strengths) * np.maximum(np.abs(strengths), scale / 3)
    ax.add_collection(
        LineCollection(
            [curves[i] for i in order],
            colors=shades(visible, scale)[order],
            linewidths=(0.6 + _THICKEST * np.abs(strengths) / scale)[order],
            capstyle="round",
        )
    )


def _height(pairs: NDArray[np.int64]) -> float:
    """Return the inches that the arcs of one side need."""
    return _ARC + 0.1 if len(pairs) else 0.1


def _titles(
    words: Sequence[str],
    pairs: NDArray[np.int64],
    strengths: NDArray[np.float64],
    class_name: str,
    n_pairs: int,
) -> tuple[str, str]:
    if not len(pairs):
        return f"No two words interact for {class_name}", counted(n_pairs, "pair")
    first, second = (shortened(words[i], 20) for i in pairs[0])
    how = "strengthen" if strengths[0] > 0 else "weaken"
    title = f"“{first}” and “{second}” {how} each other most: {signed(float(strengths[0]))}"
    drawn = (
        f"the strongest {len(pairs)} of {n_pairs} pairs" if len(pairs) < n_pairs else counted(n_pairs, "pair")
    )
    return title, drawn
