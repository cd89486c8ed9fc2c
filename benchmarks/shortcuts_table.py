"""The tables and the figure of `shortcuts.py`, from the results of its arms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from whytrain.figures.base.runs import key
from whytrain.figures.base.style import SMALL_SIZE, Margins, dress, finish, grid, new_figure
from whytrain.figures.base.text import widest
from whytrain.presentation.palette import GRAY, PALETTE
from whytrain.statistics.crossed_bootstrap import crossed_bootstrap, mean_over_sentences_and_seeds
from whytrain.statistics.intervals import Interval, t_interval, wilson_interval

Array = NDArray[np.float64]
Results = Sequence[dict[str, Any]]
CARRIED = 0.5  # of the log-odds of an answer
LEAST_GAP = 0.05  # from baseline to ceiling, of which a share can be told
GAP_SET = "clean"  # on which the gap to the ceiling is measured
_MARKERS = "os^"  # arms that share a color
CHECKED, LISTED = 3, 10  # candidates among which the plant should be, with check rows and without


def accuracy_table(results: Results, arms: Sequence[str]) -> pd.DataFrame:
    """Return one line per kind, rate, arm and set: accuracy, and the share of the gap regained."""
    cells: dict[tuple[str, float], dict[str, dict[int, dict[str, Array]]]] = {}
    for result in results:
        rows = {name: np.array(list(bits), dtype=np.float64) for name, bits in result["right"].items()}
        cell = cells.setdefault((result["kind"], result["rate"]), {})
        cell.setdefault(result["arm"], {})[result["seed"]] = rows
    lines = []
    for (kind, rate), cell in sorted(cells.items(), key=lambda cell: -cell[0][1]):
        for arm in sorted(cell, key=arms.index):
            for name in next(iter(cell[arm].values())):
                found = mean_over_sentences_and_seeds(np.array([rows[name] for rows in cell[arm].values()]))
                line = {"kind": kind, "rate": rate, "arm": arm, "seeds": len(cell[arm]), "set": name}
                low, high = np.clip((found.low, found.high), 0, 1)  # few seeds make them wide
                line |= {"accuracy": found.estimate, "low": low, "high": high}
                if name == GAP_SET and arm not in ("baseline", "ceiling"):
                    gained = regained(cell, arm)
                    line |= {"regained": gained.estimate, "from": gained.low, "to": gained.high}
                lines.append(line)
    return pd.DataFrame(lines)


def regained(cell: dict[str, dict[int, dict[str, Array]]], arm: str) -> Interval:
    """Return the share of the way from baseline to ceiling that an arm goes, over seeds with all three."""
    trio = [cell.get(name, {}) for name in ("baseline", arm, "ceiling")]
    seeds = sorted(set.intersection(*map(set, trio)))
    if not seeds:
        return Interval(estimate=np.nan, low=np.nan, high=np.nan, level=0.95)
    low, reached, high = (np.array([one[seed][GAP_SET] for seed in seeds]).T for one in trio)
    if (high - low).mean() < LEAST_GAP:
        return Interval(estimate=np.nan, low=np.nan, high=np.nan)

    def shares(counts: Array) -> list[Array]:
        return [((counts @ (reached - low)) / (counts @ (high - low)))[:, None]]

    return crossed_bootstrap(shares, len(low), n_resamples=2000, seed=0).interval(0, 0.95)


def model_table(results: Results) -> pd.DataFrame:
    """Return one line per rate and arm, over the models of all kinds and seeds.

    `regained` is the mean share of the way from baseline to ceiling on clean rows, `from` and `to` its 95% t
    interval over models, `least` that of the worst; `adversarial` the mean accuracy on rows whose shortcut
    points the wrong way minus that on clean rows, `lowest` that of the worst.
    """
    models: dict[str, dict[tuple[str, float, int], dict[str, float]]] = {}
    for result in results:
        accuracies = {name: bits.count("1") / len(bits) for name, bits in result["right"].items()}
        cell = (result["kind"], result["rate"], result["seed"])
        models.setdefault(result["arm"], {})[cell] = accuracies
    ends = [models.get(name, {}) for name in ("baseline", "ceiling")]
    lines = []
    for arm, found in models.items():
        known = [
            cell for cell in found if arm not in ("baseline", "ceiling") and all(cell in e for e in ends)
        ]
        for rate in dict.fromkeys(cell[1] for cell in known):
            trios = [(ends[0][cell], found[cell], ends[1][cell]) for cell in known if cell[1] == rate]
            lines.append({"rate": rate, "arm": arm, "models": len(trios), **_over_models(trios)})
    return pd.DataFrame(lines)


def _over_models(trios: Sequence[tuple[dict[str, float], ...]]) -> dict[str, float]:
    low, reached, high = np.array([[accuracies[GAP_SET] for accuracies in trio] for trio in trios]).T
    worse = np.array([arm["adversarial"] for _, arm, _ in trios]) - reached
    wide = high - low >= LEAST_GAP
    shares = (reached - low)[wide] / (high - low)[wide]
    mean = float(shares.mean()) if len(shares) else np.nan
    ends = t_interval(shares) if len(shares) > 1 else Interval(estimate=mean, low=np.nan, high=np.nan)
    regained = {"regained": mean, "from": ends.low, "to": ends.high, "least": min(shares, default=np.nan)}
    return regained | {"adversarial": worse.mean(), "lowest": worse.min()}


def finding_table(results: Results) -> pd.DataFrame:
    """Return in how many models the plant is among the first candidates, with check rows and without.

    One line per kind and rate, and one of all kinds.
    """
    lines = []
    asked = [result for result in results if result["arm"] == "baseline" and "rank" in result]
    cells = dict.fromkeys((result["kind"], result["rate"]) for result in asked)
    for kind, rate in [*cells, *dict.fromkeys(("all", rate) for _, rate in cells)]:
        here = [result for result in asked if result["rate"] == rate and kind in ("all", result["kind"])]
        for place, within in (("rank", CHECKED), ("rank_unchecked", LISTED)):
            places = [result[place] for result in here]
            share = wilson_interval(sum(p is not None and p <= within for p in places), len(places))
            line = {"kind": kind, "rate": rate, "check rows": place == "rank", "models": len(places)}
            line |= {"within": within, "named": share.estimate, "low": share.low, "high": share.high}
            lines.append(line)
    return pd.DataFrame(lines).convert_dtypes()


def alarm_table(results: Results) -> pd.DataFrame:
    """Return in how many models that learned without a plant something was found: false alarms.

    Kinds with the same rows share a model, which counts once.
    """
    models = {result["run"]: result for result in results if result["arm"] == "ceiling"}
    alarms = [model["marks"] != "" for model in models.values()]
    if not alarms:
        return pd.DataFrame()
    share = wilson_interval(sum(alarms), len(alarms))
    line = {"clean models": len(alarms), "false alarms": sum(alarms)}
    return pd.DataFrame([line | {"share": share.estimate, "low": share.low, "high": share.high}])


def explanation_table(results: Results) -> pd.DataFrame:
    """Return the precision of each method, and how often the planted pair interacts most of all pairs.

    Over all sentences, and over those in which the plant carries at least half of the log-odds: where a model
    answers one class unless something speaks for the other, it does not need the plant of the first, and no
    method that takes words away can find it.
    """
    lines = []
    frame = pd.DataFrame(results)
    for (kind, rate), cells in frame.groupby(["kind", "rate"], sort=False) if len(frame) else ():
        carries = np.concatenate(list(cells["carried"])) >= CARRIED
        for name in cells["scores"].iloc[0]:
            scores = np.concatenate([found[name] for found in cells["scores"]])
            line = {"kind": kind, "rate": rate, "models": len(cells), "score": name}
            line |= {"all": scores.mean(), "sentences": len(scores)}
            line |= {"where it carries half": scores[carries].mean() if carries.any() else np.nan}
            lines.append(line | {"of them": int(carries.sum())})
    return pd.DataFrame(lines)


def accuracy_figure(table: pd.DataFrame) -> Figure:
    """Draw the accuracy of each arm on each set, a line of panels per kind and rate."""
    cells = list(table.groupby(["kind", "rate"], sort=False))
    arms = list(dict.fromkeys(table["arm"]))
    handles = [
        Line2D([], [], color=PALETTE[i % 6], marker=_MARKERS[i // 6], linestyle="", label=arm)
        for i, arm in enumerate(arms)
    ]
    labels = [
        kind.replace("_", " ") + ("" if rate == 1.0 else f"\nrate {rate:g}") for (kind, rate), _ in cells
    ]
    figure = new_figure(
        1.6 + len(cells) * (0.6 + 0.17 * len(arms)),
        "Accuracy where the shortcut does not help, by what was done about it",
        "95% intervals over sentences and, where there are several, seeds; dotted: chance",
    )
    left = widest([line for label in labels for line in label.split("\n")], SMALL_SIZE) + 0.4
    top = key(figure, handles) + 0.4
    margins = Margins(left=left, right=0.3, top=top, bottom=0.55, across=0.3, down=0.25)
    n_columns = max(rows["set"].nunique() for _, rows in cells)
    spec = grid(figure, len(cells), n_columns, margins)
    above: list[str] = []
    for number, (label, (_, rows)) in enumerate(zip(labels, cells, strict=True)):
        names, is_last = list(dict.fromkeys(rows["set"])), number == len(cells) - 1
        for column, (name, here) in enumerate(rows.groupby("set", sort=False)):
            ax = figure.add_subplot(spec[number, column])
            dress(ax, "" if names == above else str(name), "accuracy" if is_last else "", gridlines="x")
            _panel(ax, here, arms, handles)
            ax.tick_params(axis="x", labelbottom=is_last)
            ax.set_yticks([(len(arms) - 1) / 2], [label if column == 0 else ""])
        above = names
    return finish(figure)


def _panel(ax: Axes, rows: pd.DataFrame, arms: Sequence[str], handles: Sequence[Line2D]) -> None:
    ax.axvline(0.5, color=GRAY, linestyle=":", linewidth=1.2)
    for _, row in rows.iterrows():
        place = arms.index(row["arm"])
        color, marker = handles[place].get_color(), handles[place].get_marker()
        ax.plot([row["low"], row["high"]], [place, place], color=color, linewidth=2)
        ax.plot(row["accuracy"], place, marker, color=color, markersize=5, clip_on=False)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    ax.set_ylim(len(arms) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
