"""The interaction tree of a sentence: which words merge when, with benefit and density at every merge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from whytrain.attribution.shapley.benefit import Player
from whytrain.attribution.shapley.interaction_tree import InteractionTree, Merge
from whytrain.attribution.target import UNITS
from whytrain.figures.base.signs import shade_key, shades
from whytrain.figures.base.style import (
    SMALL_SIZE,
    WIDTH,
    Margins,
    finish,
    finite_range,
    grid,
    need,
    new_figure,
)
from whytrain.figures.base.text import shortened, shown, text_width, widest
from whytrain.presentation.palette import GRAY, INK
from whytrain.presentation.wording import signed
from whytrain.types import Payoff

_ROW = 0.34  # inches from word to word: the two numbers of a merge fit around its line
_WORD_COLUMNS = 24  # narrow characters


def interaction_tree(
    tree: InteractionTree, words: Sequence[str], *, payoff: Payoff, class_name: str
) -> Figure:
    """Draw a tree from its words on the left to the whole sentence on the right, merges in their order.

    A merge's phrase are the words that its branches come from. The number above its line is the benefit
    B of the phrase, the one below the density r; color shows B, size r.

    Args:
        tree: from `whytrain.attribution.shapley.interaction_tree.interaction_tree`.
        words: its players' names.
        payoff: what B is a share of.
        class_name: whose payoff.

    Raises:
        WhytrainError: another number of words than players.
    """
    n = len(words)
    need(
        n == tree.n_players > 0,
        f"interaction_tree: expected a name for each of the {tree.n_players} players of the tree, came {n}",
    )
    names = [shown(word, _WORD_COLUMNS) for word in words]
    unit = UNITS[payoff]
    scale = finite_range(np.array([merge.benefit for merge in tree.merges]))
    figure = new_figure(1.4 + n * _ROW + 0.4, *_titles(tree, words, unit, class_name))
    left = widest(names, SMALL_SIZE + 1) + 0.35
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=left, right=0.2, top=1.3, bottom=0.35))[0])
    ax.set_ylim(n - 0.4, -0.6)
    ax.set_xlim(0, len(tree.merges) + 1)
    ax.set_yticks(range(n), names, fontsize=SMALL_SIZE + 1)
    ax.set_xticks([])
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    if tree.merges:
        ax.set_xlabel("merges, from the first to the last", fontsize=SMALL_SIZE, color=GRAY)
    _draw(ax, tree, scale, (WIDTH - left - 0.2) / (len(tree.merges) + 1))
    shade_key(figure, scale, f"benefit B ({unit})", top=0.75)
    return finish(figure)


def _draw(ax: Axes, tree: InteractionTree, scale: float, column: float) -> None:
    """Draw the branches, then nodes and numbers; `column` is the width of a merge in inches."""
    places: dict[Player, tuple[float, float]] = {(i,): (0.0, float(i)) for i in range(tree.n_players)}
    lines = []
    for step, merge in enumerate(tree.merges, start=1):
        (x_left, y_left), (x_right, y_right) = places[merge.left], places[merge.right]
        lines.append([(x_left, y_left), (step, y_left), (step, y_right), (x_right, y_right)])
        places[merge.left + merge.right] = (float(step), (y_left + y_right) / 2)
    if not tree.merges:
        return
    root = places[tuple(range(tree.n_players))]
    lines.append([root, (root[0] + 1, root[1])])
    ax.add_collection(LineCollection(lines, colors=GRAY, linewidths=1.2))
    nodes = np.array([places[merge.left + merge.right] for merge in tree.merges])
    benefits, densities = (np.array([getattr(m, name) for m in tree.merges]) for name in ("benefit", "r"))
    ax.scatter(
        nodes[:, 0],
        nodes[:, 1],
        s=25 + 90 * densities,
        c=shades(benefits, scale),
        edgecolors=INK,
        linewidths=0.8,
        zorder=3,
    )
    size = _number_size(tree.merges, scale, column)
    for (x, y), merge in zip(nodes, tree.merges, strict=True):
        for text, shift, align in ((signed(merge.benefit, scale), 2, "bottom"), (_density(merge), -2, "top")):
            ax.annotate(
                text,
                (x, y),
                (5, shift),
                textcoords="offset points",
                ha="left",
                va=align,
                fontsize=size,
                color=INK if align == "bottom" else GRAY,
            )


def _number_size(merges: Sequence[Merge], scale: float, column: float) -> float:
    """Return the size, in points, at which the widest number ends before the next merge."""
    natural = max(text_width(signed(merge.benefit, scale), SMALL_SIZE) for merge in merges)
    return max(6.0, min(SMALL_SIZE, SMALL_SIZE * (column - 0.1) / natural))


def _density(merge: Merge) -> str:
    return f"{merge.r:.2f}"


def _titles(tree: InteractionTree, words: Sequence[str], unit: str, class_name: str) -> tuple[str, str]:
    ties = f"; ties at {tree.n_ties} merges were decided to the left" if tree.n_ties else ""
    subtitle = f"{unit} of {class_name}; above a line: benefit B of the phrase, below: density r{ties}"
    if not tree.merges:
        return "A single word: nothing to merge", subtitle
    strongest = max(tree.merges, key=lambda merge: abs(merge.benefit))
    phrase = shortened(" ".join(words[i] for i in strongest.left + strongest.right), 40)
    kind = "synergy" if strongest.benefit >= 0 else "antagonism"
    return f"Most {kind} in “{phrase}”: B = {signed(strongest.benefit)}", subtitle
