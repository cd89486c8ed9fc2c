"""What figures of scores share: colors for and against, or of a size alone, and their key."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from whytrain.figures.base.style import LABEL_SIZE, SMALL_SIZE
from whytrain.presentation.palette import DIVERGING, GRAY, NEGATIVE, POSITIVE, SIZE, SIZES
from whytrain.presentation.wording import signed

NOTHING = 1e-9  # values up to this are 0: there are no shades to explain


def sign_colors(values: NDArray[np.float64], *, has_signs: bool = True) -> list[str]:
    """Return red for what speaks for the class, blue for what speaks against it; one color without signs."""
    if not has_signs:
        return [SIZE] * len(values)
    return [POSITIVE if value >= 0 else NEGATIVE for value in values]


def shades(values: NDArray[np.float64], scale: float, *, has_signs: bool = True) -> NDArray[np.float64]:
    """Return RGBA (…, 4) from blue (−scale) over white (0) to red (+scale); NaN is gray.

    Without signs from white (0) to purple (scale).
    """
    share = values / scale
    colors: NDArray[np.float64] = (
        matplotlib.colormaps[DIVERGING](np.clip(share / 2 + 0.5, 0, 1))
        if has_signs
        else matplotlib.colormaps[SIZES](np.clip(share, 0, 1))
    )
    colors[~np.isfinite(values)] = (0.85, 0.85, 0.85, 1.0)
    return colors


def shade_key(figure: Figure, scale: float, label: str, *, top: float, has_signs: bool = True) -> None:
    """Draw the key to the shades at the right, `top` inches from the top: a strip with its two ends and 0."""
    if scale <= NOTHING:
        return
    width, height = figure.get_size_inches()
    ax = figure.add_axes(((width - 2.6) / width, 1 - (top + 0.12) / height, 2.2 / width, 0.12 / height))
    start, end = signed(-scale, scale), signed(scale, scale)
    ticks = [(-1, start), (0, "0"), (1, end)] if has_signs else [(0, "0"), (1, end.removeprefix("+"))]
    first, last = ticks[0][0], ticks[-1][0]
    strip = np.linspace(first, last, 101)[None]
    ax.imshow(shades(strip, 1.0, has_signs=has_signs), aspect="auto", extent=(first, last, 0, 1))
    ax.set_yticks([])
    ax.set_xticks([place for place, _ in ticks], [text for _, text in ticks])
    ax.tick_params(labelsize=SMALL_SIZE - 1, length=2, pad=2, color=GRAY)
    ax.spines[:].set_visible(False)
    ax.set_title(label, fontsize=LABEL_SIZE - 1, color=GRAY, pad=3, y=1.0)
