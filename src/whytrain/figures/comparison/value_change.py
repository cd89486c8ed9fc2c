"""How much each word counts before and after: scores of one sentence in two runs."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from whytrain.attribution.attribution import Quantity
from whytrain.counted import counted
from whytrain.figures.base.runs import key
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, new_figure
from whytrain.figures.base.text import shortened, shown, widest
from whytrain.figures.comparison.before_after import (
    MOST_ROWS,
    ROW,
    Array,
    TwoRuns,
    change_bars,
    check_sides,
    paired_bars,
    strongest,
)
from whytrain.presentation.wording import all_together, score, scores_of


def value_change(
    words: Sequence[str],
    before: Array,
    after: Array,
    runs: TwoRuns,
    *,
    quantity: Quantity,
    class_name: str,
    standard_errors: tuple[Array | None, Array | None] = (None, None),
) -> Figure:
    """Draw the scores of a sentence's words in two runs, and their change.

    Args:
        words: the n words in the order of the sentence; of more than 30 the strongest are drawn.
        before: float (n,), the scores in the baseline.
        after: float (n,), those in the other run.
        runs: names and colors.
        quantity: what the scores are.
        class_name: which class they speak for.
        standard_errors: float (n,) each, of estimated values; drawn as ± 1.96 of them.

    Raises:
        WhytrainError: no words, or not one value for each.
    """
    check_sides("value_change", words, before, after)
    rows = strongest(before, after, MOST_ROWS)
    names = [shown(f"{i + 1} {words[i]}", 22) for i in rows]
    change = after - before
    top_word = int(abs(change).argmax())
    symbol = quantity.symbol
    part = (
        f"the strongest {len(rows)} of {len(words)} words"
        if len(rows) < len(words)
        else counted(len(words), "word")
    )
    figure = new_figure(
        1.75 + ROW * len(rows) + 0.1,
        f"“{shortened(words[top_word])}” changed most: {symbol} {score(float(before[top_word]), quantity)} "
        f"became {score(float(after[top_word]), quantity)}",
        f"{scores_of(quantity, class_name)}; {part}"
        f"{all_together(quantity, float(before.sum()), float(after.sum()))}",
    )
    margins = Margins(
        left=widest(names, SMALL_SIZE) + 0.3, right=0.3, top=key(figure, runs.handles) + 0.35, across=0.5
    )
    cells = grid(figure, 1, 2, margins, widths=(1.25, 1))
    left, right = (figure.add_subplot(cells[i]) for i in range(2))
    dress(left, "before and after", x=f"{symbol} ({quantity.unit})", gridlines="x")
    errors = [None if se is None else se[rows] for se in standard_errors]
    paired_bars(left, names, (before[rows], after[rows]), runs.colors, (errors[0], errors[1]))
    dress(right, "change", x=f"change of {symbol} ({quantity.unit})", gridlines="x")
    change_bars(right, change[rows])
    return finish(figure)
