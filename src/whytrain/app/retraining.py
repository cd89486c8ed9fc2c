"""The next run: marks become its overrides, it trains by itself, and is put beside the first."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

import whytrain as wt
from whytrain.config.override_words import last_of_each, words_of
from whytrain.errors import TrackingError, WhytrainError
from whytrain.guidance.repair import repair_of
from whytrain.presentation.wording import listed
from whytrain.runs.config import read_inherited
from whytrain.runs.predictions import StoredPredictions, read_predictions
from whytrain.runs.remarks import Opinion
from whytrain.runs.shortcuts import what_became
from whytrain.shortcuts.marks import Mark, write_marks
from whytrain.statistics.intervals import Interval, mean_change, wilson_interval
from whytrain.tracking.settings import TrackingSettings

_EPOCH = re.compile(r"^epoch (\d+)/(\d+)\s+val/accuracy (\d\.\d+)", re.MULTILINE)
_ERROR = re.compile(r"^error: (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the next run is trained with.

    Attributes:
        name: of the run.
        marks: the file of marks; it stays there for whoever repeats the run.
        opinion: what it is made of.
        added: what it adds to the command line of the run that is explored.
        words: the whole command line.
        told: what that does, in sentences.
    """

    name: str
    marks: Path
    opinion: Opinion
    added: tuple[str, ...]
    words: tuple[str, ...]
    told: tuple[str, ...]


def plan_of(run: wt.Run, opinion: Opinion, folder: Path, root: Path) -> Plan:
    """Return what the next run would be trained with.

    Args:
        run: that is explored.
        opinion: what people said of it.
        folder: where its file of marks will lie.
        root: of this machine's part of the tracking.

    Raises:
        TrackingError: the run kept no command line.
    """
    name = f"{run.name}-{len(opinion.trained) + 2}"
    marks = folder / f"{name}.marks.yaml"
    values: dict[str, object] = {}
    if opinion.marks:
        values |= {"guidance.marks": str(marks), **repair_of(opinion.marks)}
    added = words_of(values)
    words = [*read_inherited(run.record), *added, f"run_name={name}", *_tracking_words(run, root)]
    return Plan(
        name=name,
        marks=marks,
        opinion=opinion,
        added=tuple(added),
        words=tuple(last_of_each(words)),
        told=tuple(map(_told, opinion.marks)),
    )


def _tracking_words(run: wt.Run, root: Path) -> list[str]:
    """Return where the next run is tracked: where the first one is."""
    params = run.record.params
    values: dict[str, object] = {"tracking.directory": str(root)}
    if (experiment := params.get("tracking.experiment")) is not None:
        values["tracking.experiment"] = experiment
    usual = TrackingSettings(uri=None, experiment="x", log_text=True, directory=str(root), register=None)
    if usual.address != run.record.uri:
        values["tracking.uri"] = run.record.uri
    return words_of(values)


def _told(mark: Mark) -> str:
    names = listed([f"“{word}”" for word in mark.words])
    if mark.kind == "pattern":
        return f"What {names} matches is exchanged by chance for other matches, so that none says anything."
    if mark.kind == "pair":
        return f"{names} together are broken up by chance, so that their company says nothing."
    if mark.kind == "ordered_pair":
        return f"{names} change places in half of the training sentences, so that their order says nothing."
    if len(mark.words) == 1:
        return (
            f"{names} is exchanged by chance with the word that says as much for the other classes, or taken "
            "out where there is none, so that it says nothing."
        )
    return f"{names} take each other's place by chance, so that none of them says anything."


State = Literal["training", "finished", "failed", "stopped"]


class Training:
    """A run that trains in a process of its own.

    Attributes:
        plan: what it is trained with.
        log: the file of what it says.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        """Start it."""
        self.plan, self.log = plan, folder / f"{plan.name}.log"
        folder.mkdir(parents=True, exist_ok=True)
        write_marks(plan.opinion.marks, plan.marks)
        self._asked_to_stop = False
        command = [sys.executable, "-m", "whytrain", "train", *plan.words]
        with self.log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C ends the page, and not the training
            )
        threading.Thread(target=self._process.wait, daemon=True).start()

    @property
    def state(self) -> State:
        """How it stands."""
        code = self._process.poll()
        if code is None:
            return "training"
        if code == 0:
            return "finished"
        return "stopped" if self._asked_to_stop else "failed"

    @property
    def epochs(self) -> tuple[int, int, float] | None:
        """Epochs done, of how many, and validation accuracy; None before the first."""
        found = _EPOCH.findall(self.said)
        return None if not found else (int(found[-1][0]), int(found[-1][1]), float(found[-1][2]))

    @property
    def share(self) -> float | None:
        """The share of the epochs that is done; None before the first."""
        epochs = self.epochs
        return None if epochs is None else epochs[0] / epochs[1]

    @property
    def said(self) -> str:
        """What it printed so far."""
        return self.log.read_text("utf-8", "replace")

    @property
    def error(self) -> str:
        """What went wrong, in a line."""
        found = _ERROR.findall(self.said)
        return found[-1] if found else f"see {self.log}"

    def stop(self) -> None:
        """Let it end with a checkpoint to go on from, and marked as stopped."""
        if self._process.poll() is None:
            self._asked_to_stop = True
            os.kill(self._process.pid, signal.SIGTERM)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Accuracy on some rows, before and after.

    Attributes:
        rows: what they are called.
        outside: whether they are from elsewhere: not like the training rows.
        n: how many.
        before: with its interval.
        after: with its interval.
        difference: of the same rows, after − before, with its interval.
    """

    rows: str
    outside: bool
    n: int
    before: Interval
    after: Interval
    difference: Interval

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
        measured: per set of rows.
        became: what became of the shortcuts that were found, in sentences.
    """

    name: str
    measured: Sequence[Measured]
    became: Sequence[str]

    @property
    def headline(self) -> str:
        """Whether it helped, by rows from elsewhere."""
        outside = [found for found in self.measured if found.outside]
        better = [found.rows for found in outside if found.verdict == "better"]
        worse = [found.rows for found in outside if found.verdict == "worse"]
        if not outside:
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
        return "No difference can be seen on rows from elsewhere."


def effect_of(before: wt.Run, after: wt.Run) -> Effect:
    """Put a run beside the one that it followed, on the rows that both judged."""
    sets: dict[str, str | None] = {}
    data: Mapping[str, object] = before.config.get("data", {})
    if data.get("check_path"):
        sets["check rows"] = "check"
    evaluations = data.get("evaluation_paths")
    sets |= {name: f"evaluation/{name}" for name in (evaluations if isinstance(evaluations, Mapping) else ())}
    sets["validation rows"] = None
    measured = []
    for name, outside in sets.items():
        try:
            told = read_predictions(before.record, outside), read_predictions(after.record, outside)
        except TrackingError:
            continue
        measured.append(_measured(name, *told, outside=outside is not None))
    try:
        became = what_became(before.record, after.record)
    except WhytrainError:
        became = []
    return Effect(name=after.name, measured=measured, became=became)


def _measured(rows: str, before: StoredPredictions, after: StoredPredictions, *, outside: bool) -> Measured:
    place = {key: i for i, key in enumerate(after.ids)}
    shared = [(i, place[key]) for i, key in enumerate(before.ids) if key in place]
    first = before.right[[i for i, _ in shared]]
    second = after.right[[j for _, j in shared]]
    n = len(shared)
    return Measured(
        rows=rows,
        outside=outside,
        n=n,
        before=wilson_interval(int(first.sum()), n),
        after=wilson_interval(int(second.sum()), n),
        difference=mean_change(second.astype(np.float64) - first.astype(np.float64)),
    )
