"""How the scores of chosen words move while the model learns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from whytrain.attribution.attribution import Quantity
from whytrain.figures.base.style import (
    SMALL_SIZE,
    Margins,
    dress,
    finish,
    grid,
    need,
    new_figure,
    whole_numbers,
)
from whytrain.figures.base.text import shortened, shown, widest
from whytrain.presentation.palette import GRAY, run_colors, run_lines
from whytrain.presentation.wording import score, scores_of

_COLUMNS = ("epoch", "word", "score")
_MOST_WORDS = 6
_LABEL_STEP = 0.2  # inches from label to label


def word_trends(trends: pd.DataFrame, *, quantity: Quantity, class_name: str) -> Figure:
    """Draw scores of words by epoch, each line named at its end.

    Args:
        trends: one row per word and epoch: `epoch` (from 1), `word`, `score` (mean over its occurrences in
            the reference sentences) and, if known, its `standard_error` (a band of ± 1.96 of them). Words
            keep the order of their first rows; of more than 6 those that moved most are drawn.
        quantity: what the scores are.
        class_name: which class they speak for.

    Raises:
        WhytrainError: no rows, or a column is missing.
    """
    missing = [name for name in _COLUMNS if name not in trends]
    need(not missing and len(trends) > 0, f"word_trends: expected rows with {_COLUMNS}; missing {missing}")
    trends = trends.sort_values("epoch", kind="stable")
    lines = {str(word): line for word, line in trends.groupby("word", sort=False)}
    words = list(lines)
    moved = {word: float(np.ptp(lines[word]["score"].to_numpy())) for word in words}
    kept = sorted(words, key=lambda word: -moved[word])[:_MOST_WORDS]
    words = [word for word in words if word in kept]
    labels = [shown(word, 20) for word in words]
    subtitle = f"{scores_of(quantity, class_name)}; means over occurrences"
    if len(kept) < len(moved):
        subtitle += f"; the {len(kept)} of {len(moved)} words that moved most"
    figure = new_figure(5.0, _title(lines, quantity), subtitle)
    right = widest(labels, SMALL_SIZE) + 0.35
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=0.75, right=right, top=1.05))[0])
    dress(ax, f"{quantity.name} {quantity.symbol} ({quantity.unit})", x="epoch")
    colors, styles = run_colors(words), run_lines(words)
    for word in words:
        line = lines[word]
        ax.plot(
            line["epoch"],
            line["score"],
            color=colors[word],
            linestyle=styles[word],
            marker="o",
            markersize=3.5,
            linewidth=1.8,
        )
        if "standard_error" in line:
            half = 1.96 * line["standard_error"]
            ax.fill_between(
                line["epoch"],
                line["score"] - half,
                line["score"] + half,
                color=colors[word],
                alpha=0.12,
                linewidth=0,
            )
    ax.axhline(0, color=GRAY, linewidth=1)
    whole_numbers(ax, trends["epoch"].min(), trends["epoch"].max())
    ax.set_xlim(trends["epoch"].min() - 0.3, trends["epoch"].max() + 0.3)
    _names_at_ends(
        ax, [float(lines[word]["score"].iloc[-1]) for word in words], labels, list(colors.values())
    )
    return finish(figure)


def _names_at_ends(ax: Axes, ends: list[float], labels: list[str], colors: list[str]) -> None:
    """Write the names at the heights of the lines' ends, moved apart where they would overlap."""
    low, high = ax.get_ylim()
    figure = ax.get_figure(root=True)
    assert figure is not None
    inches = ax.get_position().height * float(figure.get_size_inches()[1])
    step = _LABEL_STEP / inches * (high - low)
    order = np.argsort(ends, kind="stable")
    heights = np.array(ends)[order]
    # The nearest heights that are a step apart and inside the axes: isotonic after taking the steps out.
    steps = step * np.arange(len(ends))
    slots = isotonic_regression(heights - steps).x
    slots = np.clip(slots, low, max(low, high - float(steps[-1]))) + steps
    for slot, i in zip(slots, order, strict=True):
        place = (1, (slot - low) / (high - low))
        ax.annotate(
            labels[i],
            place,
            (4, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            color=colors[i],
            fontsize=SMALL_SIZE,
            va="center",
            annotation_clip=False,
        )


def _title(lines: dict[str, pd.DataFrame], quantity: Quantity) -> str:
    ends = {
        word: (float(line["score"].iloc[0]), float(line["score"].iloc[-1])) for word, line in lines.items()
    }
    word, (first, last) = max(ends.items(), key=lambda item: abs(item[1][1] - item[1][0]))
    if first == last:
        return "Scores of the words by epoch"
    scale = max(abs(first), abs(last))
    start, end = (score(value, quantity, scale) for value in (first, last))
    return f"“{shortened(word)}” moves most: from {start} to {end}"
