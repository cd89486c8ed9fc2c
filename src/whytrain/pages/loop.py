"""What the closed loop found, as tables and as a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import get_args

import pandas as pd

from whytrain.loop.arms import EXPLAINED, RANDOM
from whytrain.loop.deletion_robustness import UNTARGETED
from whytrain.loop.verdicts import Effect, Verdict, standing
from whytrain.pages.diagnosis import promise
from whytrain.pages.html import bullets, page, paragraph, table
from whytrain.presentation.wording import counted, signed

EXPLANATION = (
    "Differences are after minus before, paired by seed and by sentence, with 95% intervals. A promise is "
    "kept or missed where all of the interval says so, and open where it does not.",
    "Measures marked “not targeted” look at what no strategy trained for: words removed instead of hidden, "
    "and synonyms that training never used.",
)


def in_short(effects: Sequence[Effect]) -> str:
    """Return what became of the promises, and of the control arm, in one line."""
    if not effects:
        return "The diagnosis recommends no change: nothing was trained after the baseline."
    judged = [e.verdict for e in effects if e.arm == EXPLAINED and e.promise is not None]
    counts = ", ".join(f"{judged.count(verdict)} {verdict}" for verdict in get_args(Verdict))
    return f"Of {counted(len(judged), 'promise')} of the recommended changes: {counts}.{_control(effects)}"


def _control(effects: Sequence[Effect]) -> str:
    """Return in which measures explained targets surely did anything else than random ones."""
    measured = [e for e in effects if e.against == RANDOM and math.isfinite(e.difference.low)]
    if not measured:
        return ""
    sure = [e for e in measured if e.difference.low > 0 or e.difference.high < 0]
    n_measures = counted(len(measured), "measure")
    if not sure:
        return f" Explained against random targets: no sure difference in {n_measures}."
    named = ", ".join(f"{e.metric} {signed(e.difference.estimate)}" for e in sure)
    return (
        f" Explained against random targets: the intervals of {len(sure)} of {n_measures} leave out 0, as "
        f"about one in twenty would by chance: {named}."
    )


def effect_table(effects: Sequence[Effect]) -> pd.DataFrame:
    """One row per arm, comparison and metric: difference with its interval, promise and verdict."""
    rows = [
        {
            "arm": e.arm,
            "against": e.against,
            "metric": e.metric,
            "difference": e.difference.estimate,
            "low": e.difference.low,
            "high": e.difference.high,
            "promise": promise(e.promise) if e.promise is not None else None,
            "verdict": e.verdict,
            "targeted": e.metric not in UNTARGETED,
        }
        for e in effects
    ]
    columns = ["arm", "against", "metric", "difference", "low", "high", "promise", "verdict", "targeted"]
    return pd.DataFrame(rows, columns=columns)


def standings(effects: Sequence[Effect], arm_of: Mapping[str, str]) -> pd.DataFrame:
    """One row per strategy that was switched on alone: whether it earns its place.

    Args:
        effects: of all arms.
        arm_of: the arm that switches a strategy on alone, by strategy.
    """
    rows = [
        {"strategy": strategy, "arm": arm, "standing": standing([e for e in effects if e.arm == arm])}
        for strategy, arm in arm_of.items()
    ]
    return pd.DataFrame(rows, columns=["strategy", "arm", "standing"])


def loop_page(name: str, runs: pd.DataFrame, effects: Sequence[Effect], places: pd.DataFrame) -> str:
    """Return a self-contained HTML page."""
    shown = effect_table(effects).fillna({"promise": "", "verdict": ""})
    shown["measure"] = shown.pop("targeted").map({True: "", False: "not targeted"})
    parts = [f"<h1>Closed loop {escape(name)}</h1>", paragraph(in_short(effects), "lead")]
    if effects:
        parts.append(bullets(EXPLANATION))
    against = list(dict.fromkeys(zip(shown["arm"], shown["against"], strict=True)))
    for arm, other in against:
        chosen = shown[(shown["arm"] == arm) & (shown["against"] == other)]
        parts.append(f"<h2>{escape(arm)} against {escape(other)}</h2>")
        parts.append(table(chosen.drop(columns=["arm", "against"])))
    if len(places):
        parts += ["<h2>Which strategies earn their place</h2>", table(places)]
    parts += ["<h2>The runs</h2>", table(runs)]
    return page(f"Closed loop {name}", "".join(parts))
