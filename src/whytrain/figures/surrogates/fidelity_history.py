"""How faithful small surrogates are to the network, epoch by epoch."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.figures.base.runs import key
from whytrain.figures.base.style import Margins, dress, finish, grid, need, new_figure, whole_numbers
from whytrain.presentation.palette import GRAY, run_colors

_STUDENTS = ("logistic", "tree")
_COLUMNS = (
    "epoch",
    "majority",
    *(f"{name}_{kind}" for name in ("agreement", "over_gold", "kl") for kind in _STUDENTS),
)


def fidelity_history(history: pd.DataFrame) -> Figure:
    """Draw agreement and divergence of both surrogates by epoch, beside their floors.

    Args:
        history: one row per epoch: `epoch` (from 1), `majority`, and per surrogate (`_logistic`, `_tree`)
            `agreement`, `over_gold` (agreement minus that of the same surrogate trained on gold labels; both
            shares of validation sentences), `kl` (nats).

    Raises:
        WhytrainError: no rows, or a column is missing.
    """
    missing = [name for name in _COLUMNS if name not in history]
    need(
        not missing and len(history) > 0,
        f"fidelity_history: expected rows with {_COLUMNS}; missing {missing}",
    )
    history = history.sort_values("epoch", kind="stable")
    figure = new_figure(
        4.6, _title(history), "Surrogates of words and form, untuned; on validation sentences; by epoch"
    )
    colors = run_colors(_STUDENTS)
    handles = [Line2D([], [], color=colors[kind], marker="o", markersize=4, label=kind) for kind in _STUDENTS]
    handles.append(Line2D([], [], color=GRAY, linestyle="--", label="the same trained on gold labels"))
    handles.append(Line2D([], [], color=GRAY, linestyle=":", label="always the most frequent class"))
    top = key(figure, handles)
    cells = grid(figure, 1, 2, Margins(top=top + 0.4))
    agreement, divergence = (figure.add_subplot(cells[0, i]) for i in (0, 1))
    dress(agreement, "agreement with the network", "epoch", "share of sentences")
    dress(divergence, "KL(network ‖ surrogate)", "epoch", "nats per sentence")
    epochs = history["epoch"]
    for kind in _STUDENTS:
        floor = history[f"agreement_{kind}"] - history[f"over_gold_{kind}"]
        _line(agreement, epochs, history[f"agreement_{kind}"], colors[kind])
        agreement.plot(epochs, floor, color=colors[kind], linestyle="--", linewidth=1.4)
        _line(divergence, epochs, history[f"kl_{kind}"], colors[kind])
    agreement.plot(epochs, history["majority"], color=GRAY, linestyle=":", linewidth=1.4)
    divergence.set_ylim(bottom=0)
    for ax in (agreement, divergence):
        whole_numbers(ax, epochs.min(), epochs.max())
    return finish(figure)


def _line(ax: Axes, epochs: pd.Series[float], values: pd.Series[float], color: str) -> None:
    ax.plot(epochs, values, color=color, marker="o", markersize=4, linewidth=1.8)


def _title(history: pd.DataFrame) -> str:
    last = history.iloc[-1]
    best = max(_STUDENTS, key=lambda kind: float(last[f"agreement_{kind}"]))
    agreement, majority = f"{last[f'agreement_{best}']:.0%}", f"{last['majority']:.0%}"
    return f"Network and {best} surrogate agree in {agreement}; one class always would in {majority}"
