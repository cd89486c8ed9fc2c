"""Loss and accuracy by batch, raw and smoothed, with the means and the time of each epoch."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
from whytrain.presentation.palette import GRAY, INK, LIGHT_GRAY, PALETTE, TRAIN

_COLUMNS = ("epoch", "batch", "loss", "accuracy", "seconds", "sentences")
_MOST_POINTS = 600  # more batches than pixels: a band of their least and greatest values instead of a line
_MOST_TIMES = 2.5  # medians that a bar of the time may be high
_MOST_VALUES = 12  # bars that carry their number


def batch_history(batches: pd.DataFrame) -> Figure:
    """Draw loss and accuracy of the training batches, and the time per epoch.

    Args:
        batches: one row per batch: `epoch` and `batch` (both from 1 or 0, ascending), `loss` (nats),
            `accuracy` (share right), `seconds` that the batch took and how many `sentences` it had.

    Raises:
        WhytrainError: no rows, or a column is missing.
    """
    missing = [name for name in _COLUMNS if name not in batches]
    need(not missing and len(batches) > 0, f"batch_history: expected rows with {_COLUMNS}; missing {missing}")
    batches = batches.sort_values(["epoch", "batch"])
    epochs = batches["epoch"].to_numpy()
    window = max(1, round(len(batches) / 50))
    curves = f"yellow: range of the batches, blue: mean over {window}" if window > 1 else "blue: batches"
    figure = new_figure(
        6.4,
        f"Training loss {_move(batches, 'loss')}, accuracy {_move(batches, 'accuracy')}",
        f"{len(batches)} batches of {len(np.unique(epochs))} epochs; {curves}, points: mean of an epoch",
    )
    cells = grid(figure, 2, 2, Margins(left=0.65, down=0.75), widths=(3, 1))
    for row, (column, title) in enumerate((("loss", "loss (nats)"), ("accuracy", "accuracy (share right)"))):
        ax = figure.add_subplot(cells[row, 0])
        dress(ax, title, x="batch" if row else "")
        _curve(ax, batches[column].to_numpy(dtype=float), window)
        _points(ax, _epoch_means(batches, column).to_numpy(), epochs)
    _time_bars(figure.add_subplot(cells[:, 1]), batches)
    return finish(figure)


def _curve(ax: Axes, values: np.ndarray, window: int) -> None:
    """Draw raw values and their running mean."""
    n = len(values)
    steps = np.arange(1, n + 1)
    if n <= _MOST_POINTS:
        ax.plot(steps, values, color=TRAIN, alpha=0.45, linewidth=0.8, marker="." if n == 1 else None)
    else:
        starts = np.linspace(0, n, _MOST_POINTS // 2, endpoint=False).astype(int)
        low, high = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
        ax.fill_between(steps[starts], low, high, color=TRAIN, alpha=0.35, linewidth=0)
    ax.plot(steps, _running_mean(values, window), color=PALETTE[0], linewidth=1.6)
    whole_numbers(ax, 1, n)


def _points(ax: Axes, means: np.ndarray, epochs: np.ndarray) -> None:
    """Draw where each epoch begins, and its mean at its middle."""
    _, first = np.unique(epochs, return_index=True)
    ends = np.append(first[1:], len(epochs))
    for start in first[1:]:
        ax.axvline(start + 0.5, color=LIGHT_GRAY, linewidth=0.8, zorder=0)
    ax.plot((first + ends + 1) / 2, means, "o", color=INK, markersize=4)


def _running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Return the centered mean over `window` values, over fewer at both ends; NaN counts as absent."""
    known = np.isfinite(values)
    totals = np.convolve(np.where(known, values, 0.0), np.ones(window), mode="same")
    counts = np.convolve(known.astype(float), np.ones(window), mode="same")
    means = np.full(len(values), np.nan)
    np.divide(totals, counts, out=means, where=counts > 0)
    return means


def _time_bars(ax: Axes, batches: pd.DataFrame) -> None:
    """Draw the time of each epoch; one far above the others is cut, so that theirs can be told apart."""
    seconds = batches.groupby("epoch")["seconds"].sum()
    dress(ax, "time per epoch (s)", x="epoch")
    end = 1.25 * min(float(seconds.max()), _MOST_TIMES * float(seconds.median()))
    end = max(end, 1e-9)
    cut = (seconds > end).to_numpy()
    epochs, heights = seconds.index.to_numpy(dtype=float), np.minimum(seconds.to_numpy(), end)
    bars = ax.bar(epochs, heights, color=GRAY, width=0.8 if len(seconds) > 1 else 0.4)
    for bar in (bar for bar, is_cut in zip(bars, cut, strict=True) if is_cut):
        bar.set(hatch="///", edgecolor="white")
    vertical = len(seconds) > 3
    for place, value in enumerate(seconds.tolist()):
        if len(seconds) > _MOST_VALUES and not cut[place]:
            continue
        text = f"{value:.3g}" if value < 1000 else f"{value:.0f}"
        ax.annotate(
            f"{text} ↑" if cut[place] else text,
            (float(epochs[place]), float(heights[place])),
            (0, -3 if cut[place] else 3),
            textcoords="offset points",
            ha="center",
            va="top" if cut[place] else "bottom",
            rotation=90 if vertical else 0,
            fontsize=SMALL_SIZE,
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0} if cut[place] else None,
        )
    ax.set_ylim(0, end)
    whole_numbers(ax, seconds.index.min(), seconds.index.max())


def _epoch_means(batches: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return the means over the sentences of each epoch, as `train/…` has them; NaN counts as absent."""
    known = batches["sentences"].where(batches[column].notna(), 0)
    by_epoch = batches["epoch"]
    return (batches[column] * known).groupby(by_epoch).sum() / known.groupby(by_epoch).sum()


def _move(batches: pd.DataFrame, column: str) -> str:
    means = _epoch_means(batches, column)
    if len(means) == 1:
        return f"{means.iloc[0]:.3f}"
    return f"{means.iloc[0]:.3f} → {means.iloc[-1]:.3f}"
