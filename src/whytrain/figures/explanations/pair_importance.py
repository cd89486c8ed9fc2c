"""The pairs of words that strengthen or weaken each other most, over many sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from whytrain.attribution.attribution import Quantity, ranking
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import shortened, shown, widest
from whytrain.figures.explanations.token_importance import score_bars
from whytrain.presentation.wording import plural, score

_ROW = 0.32  # inches


def pair_importance(
    pairs: Sequence[tuple[str, str]],
    interactions: NDArray[np.float64],
    *,
    quantity: Quantity,
    class_name: str,
    standard_errors: NDArray[np.float64],
    counts: NDArray[np.int64],
    n_pairs: int = 10,
) -> Figure:
    """Draw the pairs with the largest |interaction|, with 95% t intervals.

    Args:
        pairs: the n pairs of words.
        interactions: float (n,), means over the sentences that hold both words.
        quantity: what the interactions are.
        class_name: which class they speak for.
        standard_errors: float (n,), of these means.
        counts: int (n,), sentences that hold both words, at least 2.
        n_pairs: how many pairs are drawn.

    Raises:
        WhytrainError: no pairs, or not one value for each.
    """
    values = np.asarray(interactions, dtype=float)
    need(
        len(pairs) == len(values) == len(counts) > 0,
        f"pair_importance: expected one value and count per pair, at least one; came {len(pairs)}, "
        f"{len(values)} and {len(counts)}",
    )
    top = ranking(values)[:n_pairs]
    names = [shown(f"{_both(pairs[i])} ({counts[i]})", 48) for i in top]
    first, second = (shortened(word, 20) for word in pairs[top[0]])
    strongest = float(values[top[0]])
    how = "strengthen" if strongest > 0 else "weaken"
    figure = new_figure(
        1.0 + len(names) * _ROW + 0.65,
        f"“{first}” and “{second}” {how} each other most: {score(strongest, quantity)}",
        f"{plural(quantity)}: means over sentences with both words (how many: in brackets), 95% intervals",
    )
    margins = Margins(left=widest(names, SMALL_SIZE + 1) + 0.3, right=0.4, top=0.85, bottom=0.65)
    ax = figure.add_subplot(grid(figure, 1, 1, margins)[0])
    whose = shown(class_name, 30)
    told = f"together they speak more (+) or less (−) for {whose} than each alone ({quantity.unit})"
    dress(ax, x=told, gridlines="x")
    errors = stats.t.ppf(0.975, np.asarray(counts)[top] - 1) * np.asarray(standard_errors, dtype=float)[top]
    score_bars(ax, names, values[top], errors, quantity, n_top=len(top))
    return finish(figure)


def _both(pair: tuple[str, str]) -> str:
    return " + ".join(f"“{shortened(word, 16)}”" for word in pair)
