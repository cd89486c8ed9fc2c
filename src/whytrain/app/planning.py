"""The next run: what people said becomes its overrides, and those of a control."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import whytrain as wt
from whytrain.app.explored import Explored
from whytrain.config.override_words import last_of_each, words_of
from whytrain.counted import counted
from whytrain.data.corpus import Corpus
from whytrain.errors import ConfigError
from whytrain.guidance.repair import repair_of
from whytrain.presentation.wording import listed
from whytrain.runs.config import read_inherited
from whytrain.runs.remarks import Opinion
from whytrain.shortcuts.marks import Mark, write_marks
from whytrain.tracking.settings import TrackingSettings

CONTROL = "-control"  # behind the name of the run that it stands beside


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the next run is trained with.

    Attributes:
        name: of the run.
        folder: where its files lie; they stay there for whoever repeats the run.
        opinion: what it is made of.
        added: what it adds to the command line of the run that is explored.
        words: the whole command line.
        told: what that does, in sentences.
        control: what a control run does, in a sentence; empty where there is none to be made.
    """

    name: str
    folder: Path
    opinion: Opinion
    added: tuple[str, ...]
    words: tuple[str, ...]
    told: tuple[str, ...]
    control: str

    @property
    def marks(self) -> Path:
        """The file of marks."""
        return self.folder / f"{self.name}.marks.yaml"

    @property
    def corrections(self) -> Path:
        """The file of corrected labels."""
        return self.folder / f"{self.name}.corrections.csv"

    @property
    def control_corrections(self) -> Path:
        """The file of labels of the control."""
        return self.folder / f"{self.name}{CONTROL}.corrections.csv"

    @property
    def control_words(self) -> tuple[str, ...]:
        """The whole command line of the control."""
        values: dict[str, object] = {"run_name": f"{self.name}{CONTROL}"}
        if self.opinion.marks:
            values["guidance.targets"] = "random"
        if self.opinion.labels:
            values["data.corrections"] = str(self.control_corrections)
        return tuple(last_of_each([*self.words, *words_of(values)]))

    def write(self, corpus: Corpus | None) -> None:
        """Write the files that the command lines name.

        Args:
            corpus: of the run that is explored, whose rows the control draws from; None without a control.

        Raises:
            ConfigError: there are too few rows for a control.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.opinion.marks:
            write_marks(self.opinion.marks, self.marks)
        if self.opinion.labels:
            write_corrections(self.opinion.labels, self.corrections)
            if corpus is not None:
                write_corrections(random_rows(self.opinion.labels, corpus), self.control_corrections)


def plan_of(explored: Explored, run: wt.Run, opinion: Opinion, folder: Path, root: Path) -> Plan:
    """Return what the next run would be trained with.

    Args:
        explored: the model.
        run: it comes from.
        opinion: what people said of it.
        folder: where files of marks and labels will lie.
        root: of this machine's part of the tracking.

    Raises:
        TrackingError: the run kept no command line.
    """
    name = f"{run.name}-{len(opinion.trained) + 2}"
    told = [*map(_told, opinion.marks), *_about_labels(opinion, explored)]
    plan = Plan(
        name=name,
        folder=folder,
        opinion=opinion,
        added=(),
        words=(),
        told=tuple(told),
        control=_about_control(opinion, explored),
    )
    values: dict[str, object] = {}
    if opinion.marks:
        values |= {"guidance.marks": str(plan.marks), **repair_of(opinion.marks)}
    if opinion.labels:
        values["data.corrections"] = str(plan.corrections)
    elif run.config.get("data", {}).get("corrections"):
        values["data.corrections"] = None  # all were taken back
    added = words_of(values)
    words = [*read_inherited(run.record), *added, f"run_name={name}", *_tracking_words(run, root)]
    return replace(plan, added=tuple(added), words=tuple(last_of_each(words)))


def write_corrections(labels: Mapping[str, str], path: Path) -> None:
    """Write a file of `data.corrections`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "label"), *labels.items()])


def random_rows(labels: Mapping[str, str], corpus: Corpus) -> dict[str, str]:
    """Return the corrections of a control: as many random training rows get other labels.

    Each stands for a corrected row and has the label that the data gave that one, so that the classes keep
    their shares. Rows that nothing is learned from keep their corrections: all runs are measured alike.

    Args:
        labels: corrected ones, by id of the row.
        corpus: the data, with the labels as they were.

    Raises:
        ConfigError: too few other rows have such a label.
    """
    row_of = {row_id: row for row, row_id in enumerate(corpus.train.ids)}
    names = [corpus.class_names[label] for label in corpus.train.labels.tolist()]
    drawn, generator = dict(labels), np.random.default_rng(0)
    for row_id in _changed(labels, corpus):
        del drawn[row_id]
        given = names[row_of[row_id]]
        free = [i for i, row in row_of.items() if names[row] == given and i not in labels and i not in drawn]
        if not free:
            raise ConfigError(f"too few training rows are labeled {given} for as many random ones")
        drawn[free[int(generator.integers(len(free)))]] = labels[row_id]
    return drawn


def _changed(labels: Mapping[str, str], corpus: Corpus) -> list[str]:
    """Return ids of the training rows whose labels another training would learn."""
    given = zip(corpus.train.ids, corpus.train.labels.tolist(), strict=True)
    named = ((row_id, corpus.class_names[label]) for row_id, label in given)
    return [row_id for row_id, name in named if labels.get(row_id, name) != name]


def _about_labels(opinion: Opinion, explored: Explored) -> list[str]:
    if not opinion.labels or explored.corpus is None:
        return []
    n, learned = len(opinion.labels), len(_changed(opinion.labels, explored.corpus))
    is_are = "is" if n == 1 else "are"
    told = f"{counted(n, 'label')} {is_are} corrected, {learned} in rows that are learned from."
    if not learned:
        told += " So nothing else is learned, and only what is measured changes: correct training rows, too."
    return [told]


def _about_control(opinion: Opinion, explored: Explored) -> str:
    if explored.corpus is None:
        return ""
    done = []
    if opinion.marks:
        done.append("treats as many random words, about as frequent, in the same way")
    if n := len(_changed(opinion.labels, explored.corpus)):
        done.append(f"exchanges {n} random {'label' if n == 1 else 'labels'} in place of yours")
    return f"It {listed(done)}: what it gains, too, is not due to what you said." if done else ""


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
