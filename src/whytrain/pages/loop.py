"""What the closed loop found, as tables and as a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import get_args

import pandas as pd

from whytrain.counted import counted
from whytrain.loop.arm_accuracies import NAMES
from whytrain.loop.arms import BASELINE, EXPLAINED, RANDOM
from whytrain.loop.deletion_robustness import UNTARGETED
from whytrain.loop.shortcut_rows import ADVERSARIAL, UNMARKED
from whytrain.loop.verdicts import Effect, Verdict, standing
from whytrain.pages.diagnosis import promise
from whytrain.pages.html import THEME, bullets, image, page, paragraph, table
from whytrain.presentation.measures import measure_name
from whytrain.presentation.wording import fixed, points

EXPLANATION = (
    "Differences are after minus before, paired by seed and by sentence, with 95% intervals. A promise is "
    "kept or missed where all of the interval says so, and open where it does not.",
    "Measures marked “not targeted” look at what no strategy trained for: words removed instead of hidden, "
    "and synonyms and typing errors that training never used.",
)

_NAMED = 5  # measures in a sentence
ACCURACIES = (
    "Accuracy with its 95% interval, and behind it the difference from the baseline on the same rows, in "
    "points. No arm was trained on any of these rows."
)
STILL_THERE = (
    "Validation rows still have the shortcut: where it is gone, their accuracy falls, and should. What "
    "counts is how often rows without it, rows that contradict it and rows from elsewhere are right."
)

ONE_RUN = "One run of each: what another seed would change is not in these intervals."
ONE_SEED = (
    "One seed: the intervals say what other sentences would change, not what another seed would; "
    "loop.seeds=[0,1,2] trains more of them."
)


def in_short(effects: Sequence[Effect], n_seeds: int) -> str:
    """Return what became of the promises, and of the control arm, in a few sentences."""
    if not effects:
        return "The diagnosis recommends no change: nothing was trained after the baseline."
    judged = [e.verdict for e in effects if e.arm == EXPLAINED and e.promise is not None]
    counts = ", ".join(f"{judged.count(verdict)} {verdict}" for verdict in get_args(Verdict))
    told = f"Of {counted(len(judged), 'promise')} of the recommended changes: {counts}.{_control(effects)}"
    return told if n_seeds > 1 else f"{told} {ONE_SEED}"


def _control(effects: Sequence[Effect]) -> str:
    """Return in which measures explained targets surely did anything else than random ones."""
    measured = [e for e in effects if e.against == RANDOM and math.isfinite(e.difference.low)]
    if not measured:
        return ""
    sure = [e for e in measured if e.difference.low > 0 or e.difference.high < 0]
    n_measures = counted(len(measured), "measure")
    if not sure:
        return f" Explained against random targets: no sure difference in {n_measures}."
    named = ", ".join(f"{measure_name(e.metric)} {fixed(e.difference.estimate, 3)}" for e in sure[:_NAMED])
    named += f" and {len(sure) - _NAMED} more" if len(sure) > _NAMED else ""
    return (
        f" Explained against random targets: the intervals of {len(sure)} of {n_measures} leave out 0, as "
        f"about one in twenty would by chance: {named}."
    )


def promise_line(effect: Effect) -> str:
    """Return what became of a promise, in one line.

    >>> from whytrain.diagnosis.rules import Expectation
    >>> from whytrain.statistics.intervals import Interval
    >>> kept = Expectation(metric="best/accuracy", at_least=-0.015)
    >>> change = Interval(estimate=0.01, low=-0.01, high=0.03)
    >>> promise_line(
    ...     Effect(
    ...         arm="explained",
    ...         against="baseline",
    ...         metric=kept.metric,
    ...         difference=change,
    ...         promise=kept,
    ...         verdict="kept",
    ...     )
    ... )
    'kept    accuracy, at least −0.015: +0.010 (−0.010 to +0.030)'
    """
    assert effect.promise is not None
    d, held_to = effect.difference, f"{measure_name(effect.metric)}, {promise(effect.promise)}"
    if d.estimate == 0 and math.isnan(d.low):
        return f"{effect.verdict:<7} {held_to}: no difference seen"
    known = math.isfinite(d.low)
    ends = f" ({fixed(d.low, 3)} to {fixed(d.high, 3)})" if known else " (one number a run: no interval)"
    return f"{effect.verdict:<7} {held_to}: {fixed(d.estimate, 3)}{ends}"


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


def accuracy_table(accuracies: pd.DataFrame) -> pd.DataFrame:
    """One row per arm, one column per kind of rows: accuracy with its interval, and the difference.

    Args:
        accuracies: see `whytrain.loop.arm_accuracies.arm_accuracies`.
    """
    shown: dict[str, dict[str, str]] = {}
    for row in accuracies.to_dict("records"):
        text = f"{row['accuracy']:.1%} [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
        if math.isfinite(row["difference_low"]):
            change, low, high = (points(row[f"difference{end}"]) for end in ("", "_low", "_high"))
            text += f"; {change} [{low}, {high}]"
        shown.setdefault(row["arm"], {})[f"{row['rows']} ({row['n_rows']:,} rows)"] = text
    return pd.DataFrame([{"arm": arm, **cells} for arm, cells in shown.items()])


def repaired(accuracies: pd.DataFrame) -> str:
    """Return what became of marked shortcuts, in a sentence; empty where nothing was marked."""
    columns = (accuracies[name] for name in ("arm", "rows", "accuracy"))
    by_arm = {(str(arm), str(kind)): float(value) for arm, kind, value in zip(*columns, strict=True)}
    told = [
        f"{where} from {by_arm[BASELINE, kind]:.0%} to {by_arm[EXPLAINED, kind]:.0%}"
        + (f" (random words marked: {by_arm[RANDOM, kind]:.0%})" if (RANDOM, kind) in by_arm else "")
        for kind, where in (
            (NAMES[ADVERSARIAL], "on rows whose marks speak against their class"),
            ("check", "on the check sample"),
        )
        if (BASELINE, kind) in by_arm and (EXPLAINED, kind) in by_arm
    ]
    marked = any(kind == NAMES[UNMARKED] for _, kind in by_arm)
    return f"The repair took accuracy {', and '.join(told)}. " if told and marked else ""


def loop_page(
    name: str,
    runs: pd.DataFrame,
    effects: Sequence[Effect],
    places: pd.DataFrame,
    *,
    accuracies: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
    figure: Path | None = None,
) -> str:
    """Return a self-contained HTML page.

    Args:
        name: of the loop's run.
        runs: of all arms.
        effects: of all arms.
        places: what `standings` gives.
        accuracies: of each arm on each kind of rows; None where nobody measured them.
        notes: what is missing, and why.
        figure: PNG file of the effects; None without any.
    """
    found = "" if accuracies is None else repaired(accuracies)
    shown = effect_table(effects).fillna({"promise": "", "verdict": ""})
    shown["metric"] = shown["metric"].map(measure_name)
    shown["measure"] = shown.pop("targeted").map({True: "", False: "not targeted"})
    parts = [
        f"<h1>Closed loop {escape(name)}</h1>",
        *([paragraph(found, "lead")] if found else []),
        paragraph(in_short(effects, runs["seed"].nunique()), "" if found else "lead"),
    ]
    parts.append(bullets([*notes, *([STILL_THERE] if found else []), *(EXPLANATION if effects else ())]))
    if accuracies is not None and len(accuracies):
        parts += ["<h2>How often each arm is right</h2>", paragraph(ACCURACIES)]
        parts.append(table(accuracy_table(accuracies)))
    if figure is not None:
        parts.append(image(figure, "The difference that each arm made in each measure"))
    against = list(dict.fromkeys(zip(shown["arm"], shown["against"], strict=True)))
    for arm, other in against:
        chosen = shown[(shown["arm"] == arm) & (shown["against"] == other)]
        parts.append(f"<h2>{escape(arm)} against {escape(other)}</h2>")
        parts.append(table(chosen.drop(columns=["arm", "against"])))
    if len(places):
        parts += ["<h2>Which strategies earn their place</h2>", table(places)]
    parts += ["<h2>The runs</h2>", table(runs)]
    return page(f"Closed loop {name}", "".join(parts), THEME)
