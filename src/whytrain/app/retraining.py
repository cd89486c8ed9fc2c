"""The next run: marks become its overrides, it trains in a process of its own, and is put beside the first."""

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
from whytrain.shortcuts.marks import Mark, marks_text
from whytrain.statistics.intervals import Interval, t_interval, wilson_interval
from whytrain.tracking.settings import TrackingSettings

_EPOCH = re.compile(r"^epoch (\d+)/(\d+)\s+val/accuracy (\d\.\d+)", re.MULTILINE)
_ERROR = re.compile(r"^error: (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the next run is trained with.

    Attributes:
        name: of the run.
        added: what it adds to the command line of the run that is explored.
        words: the whole command line.
        told: what that does, in sentences.
    """

    name: str
    added: tuple[str, ...]
    words: tuple[str, ...]
    told: tuple[str, ...]


def plan_of(run: wt.Run, opinion: Opinion, folder: Path, root: Path) -> Plan:
    """Return what the next run would be trained with; the file of marks is written.

    Args:
        run: that is explored.
        opinion: what people said of it.
        folder: for the file of marks; it stays there for whoever repeats the run.
        root: of this machine's part of the tracking.

    Raises:
        TrackingError: the run kept no command line.
    """
    name = f"{run.name}-{len(opinion.trained) + 2}"
    marks = folder / f"{name}.marks.yaml"
    values: dict[str, object] = {}
    if opinion.marks:
        marks.parent.mkdir(parents=True, exist_ok=True)
        marks.write_text(marks_text(opinion.marks), "utf-8")
        values |= {"guidance.marks": str(marks), **repair_of(opinion.marks)}
    added = words_of(values)
    words = [*read_inherited(run.record), *added, f"run_name={name}", *_tracking_words(run, root)]
    return Plan(
        name=name,
        added=tuple(added),
        words=tuple(last_of_each(words)),
        told=tuple(map(_told, opinion.marks)),
    )


def _tracking_words(run: wt.Run, root: Path) -> list[str]:
    """Return where the next run is tracked: where the first one is."""
    params = run.record.params
    values: dict[str, object] = {"tracking.directory": str(root)}
    kept = {
        key: params[f"tracking.{key}"] for key in ("experiment", "log_text") if f"tracking.{key}" in params
    }
    if "experiment" in kept:
        values["tracking.experiment"] = kept["experiment"]
    if "log_text" in kept:
        values["tracking.log_text"] = kept["log_text"] == "True"
    usual = TrackingSettings(uri=None, experiment="x", log_text=True, directory=str(root), register=None)
    if usual.address != run.record.uri:
        values["tracking.uri"] = run.record.uri
    return words_of(values)


def _told(mark: Mark) -> str:
    names = [f"“{word}”" for word in mark.words]
    if mark.kind == "pattern":
        return f"What {names[0]} matches is exchanged by chance for other matches of it, so that none says anything."
    if mark.kind == "pair":
        return f"{listed(names)} together are broken up by chance in training, so that their company says nothing."
    if mark.kind == "ordered_pair":
        return f"{listed(names)} change places in half of the training sentences, so that their order says nothing."
    if len(names) == 1:
        return (
            f"{names[0]} stands in training by chance: it is exchanged with the word that says the opposite of the "
            "classes as often, or taken out where there is none."
        )
    return (
        f"{listed(names)} take each other's place by chance in training, so that none of them says anything."
    )


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
        self._asked_to_stop = False
        command = [sys.executable, "-m", "whytrain", "train", *plan.words]
        with self.log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
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
        n: how many.
        before: with its interval.
        after: with its interval.
        difference: of the same rows, after − before, with its interval.
    """

    rows: str
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


def effect_of(before: wt.Run, after: wt.Run) -> Effect:
    """Put a run beside the one that it followed, on the rows that both judged."""
    sets: dict[str, str | None] = {"validation rows": None}
    data: Mapping[str, object] = before.config.get("data", {})
    if data.get("check_path"):
        sets["check rows"] = "check"
    evaluations = data.get("evaluation_paths")
    sets |= {name: f"evaluation/{name}" for name in (evaluations if isinstance(evaluations, Mapping) else ())}
    measured = []
    for name, outside in sets.items():
        try:
            told = read_predictions(before.record, outside), read_predictions(after.record, outside)
        except TrackingError:
            continue
        measured.append(_measured(name, *told))
    try:
        became = what_became(before.record, after.record)
    except WhytrainError:
        became = []
    return Effect(name=after.name, measured=measured, became=became)


def _measured(rows: str, before: StoredPredictions, after: StoredPredictions) -> Measured:
    place = {key: i for i, key in enumerate(after.ids)}
    shared = [(i, place[key]) for i, key in enumerate(before.ids) if key in place]
    first = before.right[[i for i, _ in shared]]
    second = after.right[[j for _, j in shared]]
    n = len(shared)
    return Measured(
        rows=rows,
        n=n,
        before=wilson_interval(int(first.sum()), n),
        after=wilson_interval(int(second.sum()), n),
        difference=t_interval(second.astype(np.float64) - first.astype(np.float64)),
    )
