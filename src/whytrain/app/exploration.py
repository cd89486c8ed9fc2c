"""All that one start of the app is about: the models, what is said of them, what is trained."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import pandas as pd

import whytrain as wt
from whytrain.app.effect import Effect, effect_of
from whytrain.app.explored import Explored
from whytrain.app.notebook import Notebook
from whytrain.app.planning import CONTROL, Plan, plan_of
from whytrain.app.rows import AGREE, OTHER, Which, with_suggestions
from whytrain.app.sentence import Vocabulary
from whytrain.app.training import Training
from whytrain.data.label_names import few_of
from whytrain.errors import ConfigError, WhytrainError

MOST_MODELS = 4  # side by side


class Exploration:
    """What the app's views show.

    Attributes:
        models: one, or several of the same data side by side; views of words, data and training are of the
            first.
        root: of this machine's part of the tracking.
        vocabulary: words and sentences of the first one's data.
        training: the run that trains now, or trained last.
    """

    def __init__(self, models: Sequence[Explored], *, root: Path) -> None:
        """Ask nothing yet."""
        self.models, self.root = list(models), root
        self.vocabulary = Vocabulary(models[0])
        self.training: Training | None = None
        self._lock = threading.Lock()
        self._runs: dict[str, wt.Run] = {}
        self._effects: dict[tuple[str, str | None], Effect] = {}

    @property
    def first(self) -> Explored:
        """The model that the views of words, data and training are of."""
        return self.models[0]

    @property
    def run(self) -> wt.Run:
        """Its run.

        Raises:
            ConfigError: it comes from elsewhere.
        """
        if self.first.run is None:
            raise ConfigError("This takes a tracked run: the model comes from elsewhere.")
        return self.first.run

    @cached_property
    def notebook(self) -> Notebook:
        """What people say of the first run.

        Raises:
            ConfigError: the model has no run, or one that keeps its words private.
        """
        if self.first.is_private:
            raise ConfigError("This run keeps its words private: nothing is kept of what is said here.")
        return Notebook(self.run)

    @property
    def n_marks(self) -> int:
        """How many words and pairs must not decide."""
        if self.first.run is None or self.first.is_private:
            return 0
        return sum(len(mark.words) if mark.kind == "words" else 1 for mark in self.notebook.opinion.marks)

    @property
    def n_said(self) -> int:
        """How much the next run would take over: marks and corrected labels."""
        if self.first.run is None or self.first.is_private:
            return 0
        return self.n_marks + len(self.notebook.opinion.labels)

    @property
    def folder(self) -> Path:
        """Where files of marks and logs of trainings lie."""
        return self.root / "explore" / self.run.id

    def plan(self) -> Plan:
        """Return what the next run would be trained with."""
        return plan_of(self.first, self.run, self.notebook.opinion, self.folder, self.root)

    def train(self, *, control: bool) -> None:
        """Start the next run.

        Args:
            control: whether a control is trained behind it.

        Raises:
            ConfigError: one trains already, or nothing would change.
        """
        with self._lock:
            if self.training is not None and self.training.state == "training":
                raise ConfigError(f"{self.training.name} still trains: wait for it, or stop it.")
            plan = self.plan()
            if not plan.added:
                raise ConfigError(
                    "Nothing is marked or corrected yet: the next run would be the same. Mark words first."
                )
            self.training = Training(plan, self.first.corpus if control and plan.control else None)
            self.notebook.say("trained", label=plan.name)

    def effects(self) -> list[Effect]:
        """Return what the runs that followed changed, the newest first; without those that did not end."""
        found = []
        for name in reversed(self.notebook.opinion.trained):
            if (after := self._finished(name)) is None:
                continue
            control = self._finished(f"{name}{CONTROL}")
            key = after.id, None if control is None else control.id
            if key not in self._effects:
                self._effects[key] = effect_of(self.run, after, control)
            found.append(self._effects[key])
        return found

    def _finished(self, name: str) -> wt.Run | None:
        """Return a run that trained to its end; None where it did not, never began, or was deleted."""
        if name not in self._runs:
            try:
                run = wt.open_run(name, self.run.record.uri)
            except WhytrainError:
                return None
            if run.record.status != "FINISHED":
                return None
            self._runs[name] = run
        return self._runs[name]

    def table(self, which: Which, *, methods: bool) -> pd.DataFrame:
        """Return rows with what the first model says of them, and what else is known.

        Args:
            which: of which split.
            methods: whether the column `AGREE` is needed; else it is there where it was needed before.

        Raises:
            ConfigError: there are none to be shown.
        """
        table = self.first.rows(which)
        if table is None:
            raise ConfigError("The data of this run are not there any more, so its rows cannot be shown.")
        table = with_suggestions(table, self.first.doubted if which == "training" else None)
        if len(self.models) > 1 and (theirs := self.models[1].rows(which)) is not None:
            said = dict(zip(theirs["id"], theirs["prediction"], strict=True))
            table = table.assign(**{OTHER: table["id"].map(said).fillna(table["prediction"])})
        agree = self.first.agreement(which) if methods else self.first.known_agreement(which)
        return table if agree is None else table.assign(**{AGREE: agree})

    def label_of(self, row: str) -> str | None:
        """Return the label of the row of validation or train with this id; None where there is none."""
        table, corpus = self.first.validation, self.first.corpus
        if table is not None and len(own := table["label"][table["id"] == row]):
            return str(own.iloc[0])
        if corpus is not None and row in corpus.train.ids:
            place = corpus.train.ids.index(row)
            return corpus.task.show(corpus.train.labels[place : place + 1], corpus.class_names)[0]
        return None

    def put_beside(self, name: str) -> None:
        """Show a run beside the others.

        Raises:
            ConfigError: it is there already, there are too many, or it decides between other classes.
            TrackingError: there is no such run.
        """
        with self._lock:  # two clicks put it beside once
            if len(self.models) == MOST_MODELS:
                raise ConfigError(f"{MOST_MODELS} models stand side by side already.")
            run = wt.open_run(name, self.run.record.uri, device=self.run.device)
            if any(model.run is not None and model.run.id == run.id for model in self.models):
                raise ConfigError(f"{run.name} is there already.")
            model = Explored(run.name, run.model, run)
            if model.saved.class_names != self.first.saved.class_names:
                others = few_of(model.saved.class_names)
                raise ConfigError(f"{run.name} decides between other classes: {others}.")
            self.models.append(model)

    def named(self, place: int) -> Explored:
        """Return a model by its place.

        Raises:
            ConfigError: there is none.
        """
        if not 0 <= place < len(self.models):
            raise ConfigError(f"There is no model {place + 1}.")
        return self.models[place]

    def warm(self) -> None:
        """Read what the first page shows; what later ones show is read in a thread of its own."""
        for model in self.models:
            model.warm()
        threading.Thread(target=self._read_ahead, daemon=True).start()

    def _read_ahead(self) -> None:
        _ = self.first.shortcuts, self.first.ranking, self.first.pairs
        self.vocabulary.tried("a")
        _ = self.vocabulary.sentences
