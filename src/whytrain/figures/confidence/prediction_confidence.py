"""How sure the model is of the first sentences, and whether it is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.table import draw_table, table_height
from whytrain.figures.base.text import shown, shown_name, widest
from whytrain.presentation.palette import INK, RIGHT, WRONG

_TEXT_COLUMNS, _CLASS_COLUMNS = 40, 17  # narrow characters
_ROW, _TOP, _BOTTOM = 0.26, 1.9, 0.6  # inches


def prediction_confidence(
    probabilities: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    *,
    texts: Sequence[str] | None = None,
    ids: Sequence[object] | None = None,
    n_sentences: int = 20,
) -> Figure:
    """Draw the confidence, max_c p_c, of the first sentences as bars, right or wrong, with a summary.

    Args:
        probabilities: float (n, n_classes).
        labels: int (n,), true classes.
        class_names: one name per class.
        texts: the n sentences; None where the data are private: ids stand in for them.
        ids: n names of the rows; None: their positions.
        n_sentences: how many are drawn; the summary has a column for them and one for all n.

    Raises:
        WhytrainError: no sentences, or lengths that do not fit.
    """
    probabilities, labels = np.asarray(probabilities, dtype=float), np.asarray(labels)
    need(
        probabilities.ndim == 2 and len(labels) == len(probabilities) > 0,
        f"prediction_confidence: expected probabilities (n, n_classes) and n labels, n ≥ 1; came "
        f"{probabilities.shape} and {labels.shape}",
    )
    need(
        len(class_names) == probabilities.shape[1],
        f"prediction_confidence: expected {probabilities.shape[1]} class names, came {len(class_names)}",
    )
    confidence, predictions = probabilities.max(axis=1), probabilities.argmax(axis=1)
    right = predictions == labels
    n = min(n_sentences, len(labels))
    names = [str(i) for i in (range(len(labels)) if ids is None else ids)][:n]
    rows = [shown(text, _TEXT_COLUMNS) for text in (names if texts is None else texts[:n])]
    classes = [shown_name(name, _CLASS_COLUMNS) for name in class_names]
    verdicts = [
        f"{c:.2f} ✓ {classes[p]}" if p == label else f"{c:.2f} ✗ {classes[p]}, is {classes[label]}"
        for c, p, label in zip(confidence[:n], predictions[:n], labels[:n], strict=True)
    ]
    height = _TOP + _BOTTOM + n * _ROW
    figure = new_figure(height, *_titles(confidence[:n], right[:n], len(labels), private=texts is None))
    left = widest(rows, SMALL_SIZE) + 0.3
    bars = Margins(left=left, right=widest(verdicts, SMALL_SIZE, bold=True) + 0.3, top=_TOP, bottom=_BOTTOM)
    _bars(figure.add_subplot(grid(figure, 1, 1, bars)[0]), confidence[:n], right[:n], rows, verdicts)
    summary = Margins(left=0.15, right=0.2, top=0.72, bottom=height - 0.72 - table_height(2))
    draw_table(
        figure.add_subplot(grid(figure, 1, 1, summary)[0]),
        ["", "right", "wrong", "accuracy", "mean confidence", "… where right", "… where wrong"],
        [
            _summary(f"first {n}", confidence[:n], right[:n]),
            _summary(f"all {len(labels)}", confidence, right),
        ],
    )
    return finish(figure)


def _bars(ax: Axes, confidence: np.ndarray, right: np.ndarray, rows: list[str], verdicts: list[str]) -> None:
    n = len(rows)
    dress(ax, x="probability of the predicted class", gridlines="x")
    colors = [RIGHT if ok else WRONG for ok in right]
    bars = ax.barh(range(n), confidence, color=colors, height=0.74, edgecolor="white")
    for i, (bar, ok) in enumerate(zip(bars, right, strict=True)):
        if not ok:
            bar.set_hatch("///")  # told apart without color, too
        ax.annotate(
            verdicts[i],
            (1, i),
            (8, 0),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            color=INK if ok else WRONG,
            weight="normal" if ok else "bold",
            va="center",
            fontsize=SMALL_SIZE,
        )
    ax.set_yticks(range(n), rows)
    ax.tick_params(axis="y", length=0)
    most = float(confidence.max())
    ax.set_xlim(0, 1 if most > 0.5 else 1.1 * most)  # of many classes even the surest is far from 1
    ax.set_ylim(n - 0.4, -0.6)
    right_key = Patch(color=RIGHT, label="right")
    wrong_key = Patch(facecolor=WRONG, hatch="///", edgecolor="white", label="wrong")
    ax.legend(
        handles=[right_key, wrong_key],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=2,
        frameon=False,
        fontsize=SMALL_SIZE,
        borderaxespad=0.2,
    )


def _summary(name: str, confidence: np.ndarray, right: np.ndarray) -> list[str]:
    means = [right.mean(), confidence.mean(), *(_mean(confidence[of]) for of in (right, ~right))]
    numbers = ["–" if np.isnan(mean) else f"{mean:.3f}" for mean in means]
    return [name, str(right.sum()), str((~right).sum()), *numbers]


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _titles(confidence: np.ndarray, right: np.ndarray, n_all: int, *, private: bool) -> tuple[str, str]:
    n = len(right)
    title = f"{right.sum()} of the first {n} sentences right, mean confidence {confidence.mean():.2f}"
    named = "; texts are private, these are their ids" if private else ""
    return title, f"The first {n} of {n_all} validation sentences, in the order of the data{named}"
