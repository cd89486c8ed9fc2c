"""Beginning, middle and end: what each part is worth alone and together, and where the scores lie."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.deletion import Parts
from whytrain.attribution.target import UNITS
from whytrain.counted import counted
from whytrain.figures.base.runs import key
from whytrain.figures.base.signs import shade_key, shades
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
from whytrain.presentation.palette import GRAY, INK, PALETTE
from whytrain.presentation.wording import listed, plural, signed
from whytrain.statistics.intervals import t_interval
from whytrain.types import Payoff

PART_NAMES = ("beginning", "middle", "end")
_SHIFTS = {1: (0.0,), 2: (-0.2, 0.2)}  # of the bars of one and of two sides
_N_BINS = 120  # columns of the heat map: words are nearly equally wide
_MOST_LABELS = 30  # rows up to which each has its name


class _Mean(NamedTuple):
    """A mean over sentences that have the part, and half of its 95% interval: infinite for one sentence."""

    value: float
    half: float
    n: int

    @property
    def is_told(self) -> bool:
        """Whether the mean can be told from 0: of one sentence it is what was seen."""
        return self.n > 0 and self.value != 0 and (self.n == 1 or abs(self.value) > self.half)


class _Side(NamedTuple):
    """What is said of the parts: its symbol, what it is, its color, its mean for each part."""

    symbol: str
    meaning: str
    color: str
    means: list[_Mean]


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

    The sum of a part's scores stands beside what the part is worth alone where both have one unit. Of several
    sentences the parts are shown as means with 95% t intervals. In the heat map the words of a sentence fill
    its row, so that the first word is at 0 and the last one ends at 1.

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
    names, words = _row_names(sentences), _word_names(sentences, values)
    unit, bottom = UNITS[payoff], max(0.6, widest(words, SMALL_SIZE) + 0.2)
    body = max(2.6, 0.26 * n) if n <= _MOST_LABELS else 5.5
    sides = _sides(parts, quantity, unit)
    figure = new_figure(
        1.15 + body + 0.05 + bottom,
        _title(sides[0], class_name),
        f"Bars: thirds of {counted(n, 'sentence')}, in {unit} of {shown(class_name, 20)}"
        f"{', means with 95% intervals' if n > 1 else ''}; heat map: "
        f"{plural(quantity)} {quantity.symbol} of {'each sentence' if n > 1 else 'its words'}",
    )
    margins = partial(Margins, top=1.3, bottom=bottom)
    bars = figure.add_subplot(grid(figure, 1, 1, margins(left=0.7, right=WIDTH - 3.7))[0])
    dress(bars, f"value of the part ({unit})")
    _bars(bars, sides)
    key(figure, [Patch(color=side.color, label=f"{side.symbol}: {side.meaning}") for side in sides])
    left = 4.2 + widest(names, SMALL_SIZE)
    heat = figure.add_subplot(grid(figure, 1, 1, margins(left=left, right=0.25))[0])
    dress(
        heat,
        x="" if words else "position in the sentence",
        y="sentence" if n > _MOST_LABELS else "",
        gridlines="",
    )
    _heat_map(heat, values, names, words, quantity)
    shade_key(
        figure,
        _scale(values),
        f"{quantity.symbol} ({quantity.unit})",
        top=0.8,
        has_signs=quantity.signed,
    )
    return finish(figure)


def _row_names(sentences: Sequence[str]) -> list[str]:
    """Return the names of the heat map's rows: none where there is one, or where they are too many."""
    return [shown(sentence, 30) for sentence in sentences] if 1 < len(sentences) <= _MOST_LABELS else []


def _word_names(sentences: Sequence[str], values: Sequence[NDArray[np.float64]]) -> list[str]:
    """Return the words of a single sentence: none where they are many, or only its id stands for it."""
    words = sentences[0].split(" ")
    if len(sentences) > 1 or len(words) > _MOST_LABELS or len(words) != len(values[0]):
        return []
    return [shown(word, 16) for word in words]


def _sides(parts: Sequence[Parts], quantity: Quantity, unit: str) -> list[_Side]:
    alone = _means(parts, [p.alone - p.empty for p in parts])
    sides = [_Side("v(part) − v(∅)", "the part alone, over no words", PALETTE[1], alone)]
    if quantity.unit == unit:
        sums = _means(parts, [p.attributed for p in parts])
        sides.insert(0, _Side(f"Σ{quantity.symbol}", "its words' scores added up", PALETTE[0], sums))
    return sides


def _means(parts: Sequence[Parts], amounts: Sequence[NDArray[np.float64]]) -> list[_Mean]:
    """Return the mean of each part over the sentences that have it: one of a word or two has empty parts."""
    means = []
    for place in range(len(PART_NAMES)):
        known = np.array(
            [of[place] for p, of in zip(parts, amounts, strict=True) if p.bounds[place] < p.bounds[place + 1]]
        )
        half = np.inf
        if len(known) > 1:
            interval = t_interval(known)
            half = interval.high - interval.estimate
        means.append(_Mean(float(known.mean()) if len(known) else 0.0, half, len(known)))
    return means


def _bars(ax: Axes, sides: Sequence[_Side]) -> None:
    for side, shift in zip(sides, _SHIFTS[len(sides)], strict=True):
        for place, mean in enumerate(side.means):
            if mean.n:
                ax.bar(place + shift, mean.value, 0.36, color=side.color)
            if mean.n > 1:
                ax.errorbar(place + shift, mean.value, mean.half, fmt="none", ecolor=INK, elinewidth=1.2)
    ax.axhline(0, color=GRAY, linewidth=1)
    ax.set_xticks(range(len(PART_NAMES)), PART_NAMES)
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.5, len(PART_NAMES) - 0.5)
    ax.margins(y=0.1)


def _heat_map(
    ax: Axes,
    values: Sequence[NDArray[np.float64]],
    names: list[str],
    words: list[str],
    quantity: Quantity,
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
    if words:
        ax.set_xticks((np.arange(len(words)) + 0.5) / len(words), words, rotation=90)
        ax.set_yticks([])


def _scale(values: Sequence[NDArray[np.float64]]) -> float:
    return finite_range(np.concatenate([np.asarray(of, dtype=float) for of in values]))


def _title(side: _Side, class_name: str) -> str:
    """Say which parts speak for or against the class: of several sentences what the intervals can tell."""
    means = dict(zip(PART_NAMES, side.means, strict=True))
    told = sorted(
        (name for name, mean in means.items() if mean.is_told), key=lambda name: -abs(means[name].value)
    )
    if not told and max(mean.n for mean in side.means) > 1:
        return f"No part can be told from 0: sentences differ too much ({side.symbol})"
    if not told:
        return f"No part of the sentence counts for {class_name}"
    said: list[str] = []
    scale = abs(means[told[0]].value)
    for verb, sign in (("for", 1), ("against", -1)):
        values = {name: means[name].value for name in told if means[name].value * sign > 0}
        if values:
            names = listed([f"{name} ({signed(value, scale)})" for name, value in values.items()])
            speak = "speaks" if len(values) == 1 else "speak"
            said.append(f"{names} {speak} {verb} {'it' if said else class_name}")
    unclear = [name for name, mean in means.items() if mean.n > 1 and name not in told]
    if unclear:
        said.append(f"not told from 0: {', '.join(unclear)}")
    title = "; ".join(said)
    return title[0].upper() + title[1:]
