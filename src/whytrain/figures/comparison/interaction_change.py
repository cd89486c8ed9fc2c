"""Which words work together before and after: pair interactions of one sentence in two runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from whytrain.attribution.attribution import Quantity
from whytrain.counted import counted
from whytrain.figures.base.runs import key
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import shown, widest
from whytrain.figures.comparison.before_after import ROW, Array, TwoRuns, change_bars, paired_bars
from whytrain.presentation.wording import plural, signed

_MOST_PAIRS = 14


def interaction_change(
    words: Sequence[str],
    before: Array,
    after: Array,
    runs: TwoRuns,
    *,
    quantity: Quantity,
    class_name: str,
    standard_errors: tuple[Array | None, Array | None] = (None, None),
) -> Figure:
    """Draw the pairs of words whose interaction is strongest in either of two runs, and the change.

    Args:
        words: the n words, at least two.
        before: float (n, n), interactions in the baseline.
        after: float (n, n), in the other run.
        runs: names and colors.
        quantity: what the interactions are.
        class_name: which class they speak for.
        standard_errors: float (n, n) each, of estimated values; drawn as ± 1.96 of them.

    Raises:
        WhytrainError: fewer than two words, or matrices of another size.
    """
    n = len(words)
    need(
        n > 1 and before.shape == after.shape == (n, n),
        f"interaction_change: expected two words or more and (n, n) interactions; came {n} words, "
        f"{before.shape} and {after.shape}",
    )
    first, second = np.triu_indices(n, 1)
    sizes = np.maximum(np.abs(before), np.abs(after))[first, second]
    order = np.argsort(-sizes, kind="stable")[:_MOST_PAIRS]
    pairs = (first[order], second[order])
    names = [f"{shown(words[i], 14)} + {shown(words[j], 14)}" for i, j in zip(*pairs, strict=True)]
    change = (after - before)[pairs]
    most = int(np.abs(change).argmax())
    changed = f"“{words[pairs[0][most]]} + {words[pairs[1][most]]}” changed most"
    n_pairs = len(first)
    part = (
        f"the strongest {len(order)} of {n_pairs} pairs" if len(order) < n_pairs else counted(n_pairs, "pair")
    )
    figure = new_figure(
        1.75 + ROW * len(order) + 0.1,
        f"{changed}: {quantity.symbol} {signed(float(before[pairs][most]))} became "
        f"{signed(float(after[pairs][most]))}",
        f"{plural(quantity)} for {class_name}; {part}; above 0: synergy, below: antagonism",
    )
    margins = Margins(
        left=widest(names, SMALL_SIZE) + 0.3, right=0.3, top=key(figure, runs.handles) + 0.35, across=0.5
    )
    cells = grid(figure, 1, 2, margins, widths=(1.25, 1))
    left, right = (figure.add_subplot(cells[i]) for i in range(2))
    dress(left, "before and after", x=f"{quantity.symbol} ({quantity.unit})", gridlines="x")
    errors = [None if se is None else se[pairs] for se in standard_errors]
    paired_bars(left, names, (before[pairs], after[pairs]), runs.colors, (errors[0], errors[1]))
    dress(right, "change", x=f"change ({quantity.unit})", gridlines="x")
    change_bars(right, change)
    return finish(figure)
