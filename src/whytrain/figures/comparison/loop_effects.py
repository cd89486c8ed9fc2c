"""What the arms of the closed loop changed: differences from the baseline, metric by metric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from whytrain.counted import counted
from whytrain.figures.base.runs import key
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, need, new_figure
from whytrain.figures.base.text import widest
from whytrain.loop.verdicts import Effect
from whytrain.presentation.measures import measure_name
from whytrain.presentation.palette import GRAY, INK, PALETTE, RIGHT, WRONG

_COLUMNS = 3
_COLORS = {"kept": RIGHT, "missed": WRONG, "open": GRAY, None: PALETTE[0]}
_LABELS = {"kept": "promise kept", "missed": "promise missed", "open": "open", None: "nothing promised"}


def loop_effects(effects: Sequence[Effect], n_seeds: int) -> Figure:
    """Draw the difference of each arm from the baseline in each metric, with its interval and its promise.

    Args:
        effects: of all arms; those against other arms than the first one's are left out.
        n_seeds: seeds of each arm.
    """
    need(len(effects) > 0, "loop_effects: expected at least one effect, came none")
    against = effects[0].against
    shown = [e for e in effects if e.against == against]
    metrics = list(dict.fromkeys(e.metric for e in shown))
    arms = list(dict.fromkeys(e.arm for e in shown))
    n_rows = -(-len(metrics) // _COLUMNS)
    panel = 0.55 + 0.3 * len(arms)
    figure = new_figure(
        1.15 + n_rows * (panel + 0.75),
        _title(shown, against),
        f"Difference from {against} with its 95% interval, {counted(n_seeds, 'seed')}; dashes: the promise",
    )
    handles = [
        Line2D([], [], color=color, marker="o", label=_LABELS[verdict])
        for verdict, color in _COLORS.items()
        if any(e.verdict == verdict for e in shown)
    ]
    left = widest(arms, SMALL_SIZE) + 0.3
    margins = Margins(
        left=left, right=0.2, top=key(figure, handles) + 0.4, bottom=0.4, across=0.55, down=0.85
    )
    cells = grid(figure, n_rows, _COLUMNS, margins)
    for number, metric in enumerate(metrics):
        ax = figure.add_subplot(cells[number])
        dress(ax, measure_name(metric), gridlines="x")
        _panel(ax, [e for e in shown if e.metric == metric], arms)
        ax.set_yticks(range(len(arms)), arms if number % _COLUMNS == 0 else [""] * len(arms))
    return finish(figure)


def _panel(ax: Axes, effects: Sequence[Effect], arms: Sequence[str]) -> None:
    ax.axvline(0, color=GRAY, linewidth=1.2)
    for effect in effects:
        row, change, color = arms.index(effect.arm), effect.difference, _COLORS[effect.verdict]
        if np.isfinite(change.low):
            ax.plot([change.low, change.high], [row, row], color=color, linewidth=2)
        ax.plot(change.estimate, row, "o", color=color, markersize=6)
        if effect.promise is not None:
            bound = effect.promise.bound
            ax.plot([bound, bound], [row - 0.35, row + 0.35], color=INK, linestyle="--", linewidth=1.2)
    ax.set_ylim(len(arms) - 0.5, -0.5)
    ax.margins(x=0.1)
    ax.locator_params(axis="x", nbins=3)


def _title(effects: Sequence[Effect], against: str) -> str:
    arm = effects[0].arm
    promised = [e for e in effects if e.promise is not None and e.arm == arm]
    kept, missed = (sum(e.verdict == verdict for e in promised) for verdict in ("kept", "missed"))
    n_promised = counted(len(promised), "promise")
    return f"{arm} against {against}: {kept} of {n_promised} kept, {missed} missed, the rest open"
