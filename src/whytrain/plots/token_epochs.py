"""How the values of a sentence's words form, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from whytrain.games.payoffs import Payoff
from whytrain.plots.palette import text_on
from whytrain.plots.phi import shade_key, shades
from whytrain.plots.style import (
    SMALL_SIZE,
    WIDTH,
    Margins,
    dress,
    finish,
    finite_range,
    grid,
    need,
    new_figure,
)
from whytrain.plots.text import shortened, shown, widest
from whytrain.plots.wording import UNITS, signed

_ROW = 0.27  # inches
_NUMBER = 0.5  # inches that a number needs
_MOST_NUMBERS = 100  # cells up to which each carries its value


def token_epochs(
    words: Sequence[str],
    epochs: Sequence[int],
    values: NDArray[np.float64],
    *,
    payoff: Payoff,
    class_name: str,
) -> Figure:
    """Draw φ as a heat map of words and epochs.

    Args:
        words: the n words of a sentence, in its order.
        epochs: the epochs, ascending.
        values: float (n_epochs, n), φ; NaN where it was not computed; unit of the payoff.
        payoff: what φ is a share of.
        class_name: whose payoff.

    Raises:
        WhytrainError: another shape than (n_epochs, n), or nothing in it.
    """
    values = np.asarray(values, dtype=float)
    need(
        values.shape == (len(epochs), len(words)) and values.size > 0,
        f"token_epochs: expected values of {len(epochs)} epochs × {len(words)} words, at least one; came "
        f"{values.shape}",
    )
    scale = finite_range(values)
    names = [shown(word, 26) for word in words]
    unit = UNITS[payoff]
    figure = new_figure(
        1.3 + len(words) * _ROW + 0.65,
        _title(words, values, unit),
        f"Shapley value φ of each word by epoch; {unit} of {class_name}",
    )
    left = widest(names, SMALL_SIZE) + 0.3
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=left, right=0.25, top=1.2, bottom=0.65))[0])
    colors = shades(values.T, scale)  # (n_words, n_epochs, 4)
    ax.imshow(colors, aspect="auto", interpolation="nearest")
    dress(ax, x="epoch", gridlines="")
    ax.set_yticks(range(len(words)), names)
    shown_epochs = range(0, len(epochs), -(-len(epochs) // 20))
    ax.set_xticks(list(shown_epochs), [str(epochs[i]) for i in shown_epochs])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if values.size <= _MOST_NUMBERS and (WIDTH - left - 0.25) / len(epochs) > _NUMBER:
        for (epoch, word), value in np.ndenumerate(values):
            if np.isfinite(value):
                color = text_on(colors[word, epoch].tolist())
                text = signed(float(value), scale)
                ax.text(epoch, word, text, ha="center", va="center", fontsize=SMALL_SIZE - 1, color=color)
    shade_key(figure, scale, f"φ ({unit})", top=0.75)
    return finish(figure)


def _title(words: Sequence[str], values: NDArray[np.float64], unit: str) -> str:
    last = values[-1]
    if not np.isfinite(last).any():
        return "Values of the words by epoch"
    strongest = int(np.nanargmax(np.abs(last)))
    return (
        f"“{shortened(words[strongest])}” ends as the strongest word: {signed(float(last[strongest]))} {unit}"
    )
