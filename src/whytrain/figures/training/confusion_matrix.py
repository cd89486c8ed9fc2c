"""The confusion matrix in counts and row shares, beside the classification report."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from whytrain.figures.base.style import (
    LABEL_SIZE,
    SMALL_SIZE,
    WIDTH,
    Margins,
    dress,
    finish,
    grid,
    need,
    new_figure,
)
from whytrain.figures.base.table import draw_table, table_height
from whytrain.figures.base.text import shown_name, widest
from whytrain.presentation.palette import SEQUENTIAL, text_on

_NAME_COLUMNS = 18  # narrow characters of a class name
# Classes up to which a cell has room for its share below its count, for its count at all, and an axis for
# the names; beyond that classes go by their numbers, which the table explains.
_MOST_WITH_SHARES, _MOST_WITH_COUNTS, _MOST_NAMES = 8, 12, 20
_TOP, _SIDE, _SIDE_OF_MANY = 1.05, 3.4, 4.4  # inches above the matrix, and of the matrix
_WORST = 16  # rows of the table where the classes go by their numbers: those of the lowest F1


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Draw who is taken for whom, and precision, recall, F1 and support of each class, of many the worst.

    Args:
        labels: int (n,), true classes.
        predictions: int (n,), predicted classes.
        class_names: one name per class, in the order of the class indices.

    Raises:
        WhytrainError: no rows, different lengths, or a class without a name.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    n_classes = len(class_names)
    need(
        labels.shape == predictions.shape and labels.ndim == 1 and labels.size > 0,
        f"confusion_matrix: expected labels and predictions of equal length, at least one; came "
        f"{labels.shape} and {predictions.shape}",
    )
    need(
        min(labels.min(), predictions.min()) >= 0 and max(labels.max(), predictions.max()) < n_classes,
        f"confusion_matrix: expected classes 0 to {n_classes - 1}, one per name; came a class outside",
    )
    counts = np.bincount(labels * n_classes + predictions, minlength=n_classes**2)
    counts = counts.reshape(n_classes, n_classes)
    names = [shown_name(name, _NAME_COLUMNS) for name in class_names]
    is_many = n_classes > _MOST_NAMES
    side, listed = (_SIDE_OF_MANY, _WORST) if is_many else (_SIDE, n_classes)
    if is_many:
        names = [shown_name(f"{i} {name}", _NAME_COLUMNS) for i, name in enumerate(class_names)]
    name_width = widest(names, SMALL_SIZE) if n_classes <= _MOST_NAMES else 0.3
    cell = side / n_classes
    upright = name_width > cell - 0.08 and n_classes <= _MOST_NAMES
    bottom = 0.6 + (name_width if upright else 0.15)
    height = max(_TOP + side + bottom, _TOP + table_height(listed + 3) + 0.2)
    figure = new_figure(height, *_titles(counts, class_names))
    left = 0.55 + name_width
    matrix_margins = Margins(
        left=left, right=WIDTH - left - side, top=_TOP, bottom=height - _TOP - side, across=0
    )
    _matrix(figure.add_subplot(grid(figure, 1, 1, matrix_margins)[0]), counts, names, upright=upright)
    table_margins = Margins(left=left + side + 0.35, right=0.2, top=_TOP - 0.2, bottom=0.1)
    table = figure.add_subplot(grid(figure, 1, 1, table_margins)[0])
    head = f"worst {listed} of {n_classes}" if is_many else "class"
    draw_table(table, [head, "precision", "recall", "F1", "support"], _report(counts, names, listed))
    return finish(figure)


def _matrix(ax: Axes, counts: np.ndarray, names: list[str], *, upright: bool) -> None:
    n_classes = len(names)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    ax.imshow(shares, cmap=SEQUENTIAL, vmin=0, vmax=1)
    colors = matplotlib.colormaps[SEQUENTIAL](shares)  # (n_classes, n_classes, 4)
    dress(ax, x="predicted", y="true", gridlines="")
    shown_as = "counts, and shares" if n_classes <= _MOST_WITH_COUNTS else "shares"
    ax.set_title(f"{shown_as} of the true class (color)", fontsize=LABEL_SIZE, loc="left", y=1.0)
    if n_classes <= _MOST_NAMES:
        ax.set_xticks(range(n_classes), names, rotation=90 if upright else 0)
        ax.set_yticks(range(n_classes), names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if n_classes > _MOST_WITH_COUNTS:
        return
    size = max(6.0, min(12.0, 56.0 / n_classes))
    for true in range(n_classes):
        for predicted in range(n_classes):
            text = f"{counts[true, predicted]}"
            if n_classes <= _MOST_WITH_SHARES and totals[true, 0] > 0:
                text += f"\n{shares[true, predicted]:.1%}"
            color = text_on(colors[true, predicted].tolist())
            ax.text(predicted, true, text, ha="center", va="center", color=color, fontsize=size)


def _report(counts: np.ndarray, names: list[str], listed: int) -> list[list[str]]:
    """Return the classification report: a row per class, then accuracy and the two averages.

    Of more than `listed` classes those of the lowest F1 are in it, of equal ones the frequent first.
    """
    hits, support, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    # A class that nobody predicted has precision 0, one that does not occur has recall 0.
    precision = np.divide(hits, predicted, out=np.zeros(len(names)), where=predicted > 0)
    recall = np.divide(hits, support, out=np.zeros(len(names)), where=support > 0)
    f1 = np.divide(2 * hits, support + predicted, out=np.zeros(len(names)), where=support + predicted > 0)
    scores = np.stack([precision, recall, f1], axis=1)  # (n_classes, 3)
    n = int(counts.sum())
    shown = range(len(names)) if len(names) <= listed else np.lexsort((-support, f1))[:listed].tolist()
    rows = [
        [name, *(f"{score:.3f}" for score in row), str(count)]
        for name, row, count in ((names[k], scores[k], support[k]) for k in shown)
    ]
    rows.append(["accuracy", "", "", f"{hits.sum() / n:.3f}", str(n)])
    for title, average in (("macro average", scores.mean(0)), ("weighted average", support @ scores / n)):
        rows.append([title, *(f"{score:.3f}" for score in average), str(n)])
    return rows


def _titles(counts: np.ndarray, names: Sequence[str]) -> tuple[str, str]:
    n, hits = int(counts.sum()), int(np.trace(counts))
    title = f"{hits} of {n} sentences right ({hits / n:.1%})"
    errors = counts - np.diag(np.diag(counts))
    if errors.max() == 0:
        return title, "No errors"
    true, predicted = np.unravel_index(int(errors.argmax()), errors.shape)
    return title, (
        f"Most frequent error: {names[int(true)]} taken for {names[int(predicted)]}, {errors.max()} times"
    )
