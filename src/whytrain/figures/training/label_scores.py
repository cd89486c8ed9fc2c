"""How well each label is told: precision, recall and F1 of every label, the frequent ones first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from whytrain.counted import counted
from whytrain.figures.base.runs import key
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import shown_name, widest
from whytrain.metrics import Scored, scores_by_label
from whytrain.presentation.palette import INK, LIGHT_GRAY, VALIDATION

_NAME_COLUMNS = 24  # narrow characters
_ROW, _BOTTOM = 0.3, 0.6  # inches
_MOST = 40  # labels


def label_scores(scored: Scored, class_names: Sequence[str]) -> Figure:
    """Draw F1 of each label as a bar, precision and recall as marks on it; of very many the frequent ones.

    Args:
        scored: probabilities and label sets, at least one row.
        class_names: one name per label.

    Raises:
        WhytrainError: a label without a name.
    """
    need(
        len(class_names) == scored.n_classes,
        f"label_scores: expected {scored.n_classes} names, came {len(class_names)}",
    )
    scores = scores_by_label(scored)
    order = np.argsort(-scores["support"], kind="stable")[:_MOST]
    names = [shown_name(class_names[k], _NAME_COLUMNS) for k in order]
    supports = [f"{scores['support'][k]:.0f} true, {scores['predicted'][k]:.0f} predicted" for k in order]
    figure = new_figure(
        1.35 + _BOTTOM + _ROW * len(order), *_titles(scores["f1"], class_names, len(order), scored.n_rows)
    )
    handles = [
        Patch(color=LIGHT_GRAY, label="F1"),
        Line2D([], [], color=VALIDATION, marker="<", linestyle="", label="precision"),
        Line2D([], [], color=INK, marker=">", linestyle="", label="recall"),
    ]
    top = key(figure, handles) + 0.2
    left, right = widest(names, SMALL_SIZE) + 0.35, widest(supports, SMALL_SIZE) + 0.4
    cell = grid(figure, 1, 1, Margins(left=left, right=right, top=top, bottom=_BOTTOM))[0]
    _bars(figure.add_subplot(cell), {name: values[order] for name, values in scores.items()}, names, supports)
    return finish(figure)


def _bars(ax: Axes, scores: dict[str, np.ndarray], names: list[str], supports: list[str]) -> None:
    places = np.arange(len(names))
    dress(ax, x="share", gridlines="x")
    ax.barh(places, scores["f1"], height=0.74, color=LIGHT_GRAY)
    ax.plot(scores["precision"], places, "<", color=VALIDATION, markersize=7, clip_on=False)
    ax.plot(scores["recall"], places, ">", color=INK, markersize=7, clip_on=False)
    for place, text in enumerate(supports):
        ax.annotate(
            text,
            (1, place),
            (12, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=SMALL_SIZE,
        )
    ax.set_yticks(places, names)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0, 1)
    ax.set_ylim(len(names) - 0.4, -0.6)


def _titles(f1: np.ndarray, names: Sequence[str], n_shown: int, n_rows: int) -> tuple[str, str]:
    worst = int(f1.argmin())
    drawn = f"the {n_shown} most frequent of {len(f1)} labels" if n_shown < len(f1) else f"{len(f1)} labels"
    return (
        f"F1 of labels from {f1[worst]:.3f} ({names[worst]}) to {f1.max():.3f}",
        f"{counted(n_rows, 'sentence')}, {drawn}; a label is predicted where its probability is above 0.5",
    )
