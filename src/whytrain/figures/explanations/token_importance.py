"""The most important words: of a sentence, or of a corpus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from whytrain.attribution.attribution import Quantity, ranking
from whytrain.counted import counted
from whytrain.figures.base.signs import sign_colors
from whytrain.figures.base.style import (
    SMALL_SIZE,
    Margins,
    dress,
    finish,
    finite_range,
    grid,
    need,
    new_figure,
)
from whytrain.figures.base.text import shortened, shown, widest
from whytrain.presentation.palette import GRAY, INK
from whytrain.presentation.wording import all_together, score

_ROW = 0.32  # inches


def token_importance(
    words: Sequence[str],
    values: NDArray[np.float64],
    *,
    quantity: Quantity,
    class_name: str,
    standard_errors: NDArray[np.float64] | None = None,
    counts: NDArray[np.int64] | None = None,
    n_words: int = 10,
) -> Figure:
    """Draw the words with the largest |score|.

    Args:
        words: the n words, of a sentence in its order or of a corpus.
        values: float (n,), the scores, of a corpus the means over a word's occurrences.
        quantity: what the scores are.
        class_name: which class they speak for.
        standard_errors: float (n,), of estimated or averaged values; drawn as 95% intervals, of means over
            occurrences with the t quantile of their number.
        counts: int (n,), occurrences in a corpus; None for a sentence, whose words are numbered instead.
        n_words: how many words are drawn.

    Raises:
        WhytrainError: no words, or not one value for each.
    """
    values = np.asarray(values, dtype=float)
    need(
        len(words) == len(values) > 0,
        f"token_importance: expected one value per word, at least one; came {len(words)} and {len(values)}",
    )
    order = ranking(values)
    top, rest = order[:n_words], order[n_words:]
    sentence = counts is None
    names = [shown(f"{i + 1} {words[i]}" if counts is None else f"{words[i]} ({counts[i]})", 30) for i in top]
    lengths = [float(values[i]) for i in top]
    if sentence and len(rest):
        names.append(f"the other {len(rest)}")
        lengths.append(float(values[rest].sum()))
    figure = new_figure(
        1.0 + len(names) * _ROW + 0.65,
        _title(shortened(words[top[0]]), float(values[top[0]]), quantity, class_name),
        _subtitle(values, quantity, sentence=sentence, errors=standard_errors is not None),
    )
    margins = Margins(left=widest(names, SMALL_SIZE + 1) + 0.3, right=0.4, top=0.85, bottom=0.65)
    ax = figure.add_subplot(grid(figure, 1, 1, margins)[0])
    dress(
        ax,
        x=f"{quantity.name} {quantity.symbol} for {shown(class_name, 30)} ({quantity.unit})",
        gridlines="x",
    )
    errors = np.zeros(len(names))
    if standard_errors is not None:
        quantiles = 1.96 if counts is None else stats.t.ppf(0.975, np.maximum(counts[top] - 1, 1))
        errors[: len(top)] = quantiles * np.asarray(standard_errors, dtype=float)[top]
    score_bars(ax, names, np.array(lengths), errors, quantity, n_top=len(top))
    return finish(figure)


def score_bars(
    ax: Axes,
    names: list[str],
    lengths: NDArray[np.float64],
    errors: NDArray[np.float64],
    quantity: Quantity,
    n_top: int,
) -> None:
    """Draw named scores with their numbers and errors; those behind `n_top` stand for the rest, hatched."""
    n = len(names)
    bars = ax.barh(range(n), lengths, color=sign_colors(lengths, has_signs=quantity.signed), height=0.72)
    for bar in bars[n_top:]:
        bar.set(facecolor="white", edgecolor=GRAY, hatch="///")
    if errors.any():
        ax.errorbar(
            lengths[:n_top], range(n_top), xerr=errors[:n_top], fmt="none", ecolor=INK, elinewidth=1.2
        )
    scale = finite_range(lengths)
    for i, (length, error) in enumerate(zip(lengths, errors, strict=True)):
        side = 1 if length >= 0 else -1
        ax.annotate(
            score(length, quantity, scale),
            (length + side * error, i),
            (4 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=SMALL_SIZE,
            color=INK,
        )
    ax.axvline(0, color=GRAY, linewidth=1)
    low, high = float((lengths - errors).min()), float((lengths + errors).max())
    room = 0.14 * max(high - low, scale)  # for the numbers beyond the bars
    ax.set_xlim(
        min(low, 0) - (room if low < 0 else room / 4), max(high, 0) + (room if high > 0 else room / 4)
    )
    ax.set_yticks(range(n), names, fontsize=SMALL_SIZE + 1)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(n - 0.5, -0.5)


def _title(word: str, value: float, quantity: Quantity, class_name: str) -> str:
    if value == 0:
        return f"No word counts for {class_name}"
    how = "weighs most for" if not quantity.signed else f"speaks most {'for' if value > 0 else 'against'}"
    return f"“{word}” {how} {class_name}: {quantity.symbol} = {score(value, quantity)}"


def _subtitle(values: NDArray[np.float64], quantity: Quantity, *, sentence: bool, errors: bool) -> str:
    n = len(values)
    interval = ", with 95% intervals" if errors else ""
    if sentence:
        total = all_together(quantity, float(values.sum()))
        return f"{counted(n, 'word')}, numbered by position{total}{interval}"
    return f"Mean over the occurrences of {n} different words (their number in brackets){interval}"
