"""What a training changed: before and after on the same rows, with a control beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

import whytrain as wt
from whytrain.errors import TrackingError, WhytrainError
from whytrain.presentation.wording import listed
from whytrain.runs.corrected_labels import judged_alike
from whytrain.runs.predictions import StoredPredictions, read_predictions
from whytrain.runs.shortcuts import what_became
from whytrain.statistics.intervals import Interval, mean_change, wilson_interval


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Accuracy on some rows, before and after.

    Attributes:
        rows: what they are called.
        tells: whether accuracy there says if the training helped: not on rows that have what was marked.
        n: how many.
        before: with its interval.
        after: with its interval.
        difference: of the same rows, after − before, with its interval.
        control: accuracy of the control; None without one.
        beyond: of the same rows, after − control, with its interval.
    """

    rows: str
    tells: bool
    n: int
    before: Interval
    after: Interval
    difference: Interval
    control: Interval | None = None
    beyond: Interval | None = None

    @property
    def verdict(self) -> Literal["better", "worse", "same"]:
        """What can be said beyond chance."""
        if self.difference.low > 0:
            return "better"
        return "worse" if self.difference.high < 0 else "same"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a training changed.

    Attributes:
        name: of the run.
        marked: whether words were marked; else labels alone were corrected.
        measured: per set of rows.
        became: what became of the shortcuts that were found, in sentences.
    """

    name: str
    marked: bool
    measured: Sequence[Measured]
    became: Sequence[str]

    @property
    def headline(self) -> str:
        """Whether it helped, by rows that can tell."""
        telling = [found for found in self.measured if found.tells]
        better = [found.rows for found in telling if found.verdict == "better"]
        worse = [found.rows for found in telling if found.verdict == "worse"]
        if not telling:
            return (
                "Only rows like the training rows were measured, which have what you marked: they cannot "
                "tell. Labeled rows from where the model will be used can (data.check_path)."
            )
        if better and worse:
            return f"It is better on {listed(better)}, and worse on {listed(worse)}."
        if better:
            return f"Yes: it is better on {listed(better)}, more than chance explains."
        if worse:
            return f"No: it is worse on {listed(worse)}, more than chance explains."
        return f"No difference can be seen on {listed([found.rows for found in telling])}."

    @property
    def beside_control(self) -> str:
        """Whether the control, with as many random words or rows, did as much; empty without one."""
        better = [
            (found.rows, found.beyond)
            for found in self.measured
            if found.tells and found.verdict == "better" and found.beyond is not None
        ]
        if not better:
            return ""
        what = "words marked" if self.marked else "labels exchanged"
        if beyond := [rows for rows, difference in better if difference.low > 0]:
            return f"It was what you said: as many random {what} do less on {listed(beyond)}."
        return f"It need not be what you said: as many random {what} do as much, within chance."


def effect_of(before: wt.Run, after: wt.Run, control: wt.Run | None) -> Effect:
    """Put a run beside the one that it followed, on the rows that both judged.

    Args:
        before: the run that was explored.
        after: the run that followed.
        control: the one with as many random words or rows; None where none was trained.
    """
    marked = after.config.get("guidance", {}).get("marks") is not None
    sets: dict[str, str | None] = {}
    data: Mapping[str, object] = before.config.get("data", {})
    if data.get("check_path"):
        sets["check rows"] = "check"
    evaluations = data.get("evaluation_paths")
    sets |= {name: f"evaluation/{name}" for name in (evaluations if isinstance(evaluations, Mapping) else ())}
    sets["validation rows"] = None
    runs = [before, after] if control is None else [before, after, control]
    measured = []
    for name, outside in sets.items():
        try:
            told = [read_predictions(run.record, outside) for run in runs]
        except TrackingError:
            continue
        if outside is None:
            told, _ = judged_alike(list(zip([run.record for run in runs], told, strict=True)))
        measured.append(measured_on(name, *told, tells=outside is not None or not marked))
    try:
        became = what_became(before.record, after.record) if marked else []
    except WhytrainError:
        became = []
    return Effect(name=after.name, marked=marked, measured=measured, became=became)


def measured_on(
    rows: str,
    before: StoredPredictions,
    after: StoredPredictions,
    control: StoredPredictions | None = None,
    *,
    tells: bool,
) -> Measured:
    """Compare what runs said of the rows that all of them judged."""
    runs = [before, after] if control is None else [before, after, control]
    right = [dict(zip(run.ids.tolist(), run.right.tolist(), strict=True)) for run in runs]
    shared = [row_id for row_id in right[0] if all(row_id in run for run in right)]
    table = np.array([[run[row_id] for row_id in shared] for run in right], dtype=np.float64)
    n = len(shared)
    accuracies = [wilson_interval(int(row.sum()), n) for row in table]
    return Measured(
        rows=rows,
        tells=tells,
        n=n,
        before=accuracies[0],
        after=accuracies[1],
        difference=mean_change(table[1] - table[0]),
        control=None if control is None else accuracies[2],
        beyond=None if control is None else mean_change(table[1] - table[2]),
    )
