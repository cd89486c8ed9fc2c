"""What figures of Shapley values share: the diverging colors and their key."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from whytrain.figures.base.style import LABEL_SIZE, SMALL_SIZE
from whytrain.presentation.palette import DIVERGING, GRAY, NEGATIVE, POSITIVE
from whytrain.presentation.wording import signed

NOTHING = 1e-9  # values up to this are 0: there are no shades to explain


def sign_colors(values: NDArray[np.float64]) -> list[str]:
    """Return red for what raises the payoff, blue for what lowers it."""
    return [POSITIVE if value >= 0 else NEGATIVE for value in values]


def shades(values: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Return RGBA (…, 4) from blue (−scale) over white (0) to red (+scale); NaN is gray."""
    colors: NDArray[np.float64] = matplotlib.colormaps[DIVERGING](np.clip(values / scale / 2 + 0.5, 0, 1))
    colors[~np.isfinite(values)] = (0.85, 0.85, 0.85, 1.0)
    return colors


def shade_key(figure: Figure, scale: float, label: str, *, top: float) -> None:
    """Draw the key to the shades at the right, `top` inches from the top: a strip with its two ends and 0."""
    if scale <= NOTHING:
        return
    width, height = figure.get_size_inches()
    ax = figure.add_axes(((width - 2.6) / width, 1 - (top + 0.12) / height, 2.2 / width, 0.12 / height))
    ax.imshow(np.linspace(-1, 1, 101)[None], cmap=DIVERGING, aspect="auto", extent=(-1, 1, 0, 1))
    ax.set_yticks([])
    ax.set_xticks([-1, 0, 1], [signed(-scale, scale), "0", signed(scale, scale)])
    ax.tick_params(labelsize=SMALL_SIZE - 1, length=2, pad=2, color=GRAY)
    ax.spines[:].set_visible(False)
    ax.set_title(label, fontsize=LABEL_SIZE - 1, color=GRAY, pad=3, y=1.0)
