"""Beginning, middle and end: what each part is worth alone and together, and where the scores lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.target import UNITS
from whytrain.presentation.palette import GRAY, INK, PALETTE
from whytrain.figures.base.signs import shade_key, shades
from whytrain.figures.base.runs import key
from whytrain.figures.base.style import (
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
from whytrain.figures.base.text import shown, widest
from whytrain.presentation.wording import counted, plural, signed
from whytrain.attribution.deletion import Parts
from whytrain.types import Payoff

PART_NAMES = ("beginning", "middle", "end")
_SHIFTS = {1: (0.0,), 2: (-0.2, 0.2)}  # of the bars of one and of two sides
_N_BINS = 120  # columns of the heat map: words are nearly equally wide
_MOST_LABELS = 30  # rows up to which each has its name


class _Side(NamedTuple):
    """What is said of the parts: its symbol and the rest of its name, its color, per sentence (3,)."""

    symbol: str
    of_what: str
    color: str
    amounts: list[NDArray[np.float64]]


def sentence_parts(
    sentences: Sequence[str],
    parts: Sequence[Parts],
    values: Sequence[NDArray[np.float64]],
    *,
    quantity: Quantity,
    payoff: Payoff,
    class_name: str,
) -> Figure:
    """Draw the parts' values, and a heat map of the scores by sentence and position.

    The sum of a part's scores stands beside what the part is worth alone where both have one unit. Of several sentences the parts are shown as means with 95% intervals. In the heat map the words of a
    sentence fill its row, so that the first word is at 0 and the last one ends at 1.

    Args:
        sentences: names of the sentences: their texts, or ids where these are private.
        parts: of each, see `whytrain.attribution.deletion.Deletion`.
        values: of each, float (n_words,), the scores.
        quantity: what the scores are.
        payoff: what v is.
        class_name: whose payoff.

    Raises:
        WhytrainError: no sentences, or lengths that do not fit.
    """
    n = len(sentences)
    need(
        n == len(parts) == len(values) and n > 0,
        f"sentence_parts: expected as many parts and values as sentences, at least one; came {len(parts)}, "
        f"{len(values)} and {n}",
    )
    names = [shown(sentence, 30) for sentence in sentences] if n <= _MOST_LABELS else []
    body = max(2.6, 0.26 * n) if names else 5.5
    unit = UNITS[payoff]
    sides = [_Side("v(part) − v(∅)", " of the part alone", PALETTE[1], [p.alone - p.empty for p in parts])]
    if quantity.unit == unit:
        sums = _Side(f"Σ{quantity.symbol}", " of its words", PALETTE[0], [p.attributed for p in parts])
        sides.insert(0, sums)
    figure = new_figure(
        1.15 + body + 0.65,
        _title(sides[0], class_name),
        f"{plural(quantity)} {quantity.symbol} (heat map), {unit} of {class_name} (bars); "
        f"{counted(n, 'sentence')}",
    )
    bars = figure.add_subplot(
        grid(figure, 1, 1, Margins(left=0.7, right=WIDTH - 3.7, top=1.3, bottom=0.6))[0]
    )
    dress(bars, f"value of the part ({unit})")
    _bars(bars, parts, sides)
    left = 4.2 + widest(names, SMALL_SIZE)
    key(figure, [Patch(color=side.color, label=side.symbol + side.of_what) for side in sides])
    heat = figure.add_subplot(grid(figure, 1, 1, Margins(left=left, right=0.25, top=1.3, bottom=0.6))[0])
    dress(heat, x="position in the sentence", y="" if names else "sentence", gridlines="")
    _heat_map(heat, values, names, quantity)
    shade_key(
        figure,
        _scale(values),
        f"{quantity.symbol} ({quantity.unit})",
        top=0.8,
        has_signs=quantity.signed,
    )
    return finish(figure)


def _bars(ax: Axes, parts: Sequence[Parts], sides: Sequence[_Side]) -> None:
    for side, shift in zip(sides, _SHIFTS[len(sides)], strict=True):
        for place in range(len(PART_NAMES)):
            # A sentence of one or two words has empty parts: they are no evidence about the part.
            known = [
                amounts[place]
                for p, amounts in zip(parts, side.amounts, strict=True)
                if p.bounds[place] < p.bounds[place + 1]
            ]
            if known:
                ax.bar(place + shift, np.mean(known), 0.36, color=side.color)
            if len(known) > 1:
                half = _half_width(np.array(known))
                ax.errorbar(place + shift, np.mean(known), half, fmt="none", ecolor=INK, elinewidth=1.2)
    ax.axhline(0, color=GRAY, linewidth=1)
    ax.set_xticks(range(len(PART_NAMES)), PART_NAMES)
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.5, len(PART_NAMES) - 0.5)
    ax.margins(y=0.1)


def _heat_map(
    ax: Axes, values: Sequence[NDArray[np.float64]], names: list[str], quantity: Quantity
) -> None:
    edges = np.linspace(0, 1, _N_BINS + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    # A bin shows the word at its middle: values are not averaged, so strong ones stay strong.
    rows = np.array([of[np.minimum((middles * len(of)).astype(int), len(of) - 1)] for of in values])
    colors = shades(rows, _scale(values), has_signs=quantity.signed)
    ax.imshow(colors, aspect="auto", extent=(0, 1, len(rows), 0), interpolation="nearest")
    for third in (1 / 3, 2 / 3):
        ax.axvline(third, color=GRAY, linewidth=1, linestyle=":")
    if names:
        ax.set_yticks(np.arange(len(names)) + 0.5, names)
    ax.tick_params(axis="y", length=0)


def _scale(values: Sequence[NDArray[np.float64]]) -> float:
    return finite_range(np.concatenate([np.asarray(of, dtype=float) for of in values]))


def _half_width(values: NDArray[np.float64]) -> float:
    """Return half of the 95% interval of the mean."""
    return 1.96 * float(values.std(ddof=1)) / float(np.sqrt(len(values)))


def _title(side: _Side, class_name: str) -> str:
    amounts = np.array(side.amounts)  # (n, 3)
    means = amounts.mean(axis=0)
    strongest = int(np.abs(means).argmax())
    if len(amounts) > 1 and abs(means[strongest]) <= _half_width(amounts[:, strongest]):
        return f"No part of the sentences can be told from 0 in {side.symbol} for {class_name}"
    if means[strongest] == 0:
        return f"No part of the sentence counts for {class_name}"
    side_of = "for" if means[strongest] > 0 else "against"
    number = signed(float(means[strongest]))
    return f"The {PART_NAMES[strongest]} speaks most {side_of} {class_name}: {side.symbol} = {number}"
