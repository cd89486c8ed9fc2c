"""All that one start of the app is about: the models, what is said of them, what is trained."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import whytrain as wt
from whytrain.app.explored import Explored
from whytrain.app.notebook import Notebook
from whytrain.app.retraining import Effect, Plan, Training, effect_of, plan_of
from whytrain.app.sentence import Vocabulary
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
        self._effects: dict[str, Effect] = {}

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
    def folder(self) -> Path:
        """Where files of marks and logs of trainings lie."""
        return self.root / "explore" / self.run.id

    def plan(self) -> Plan:
        """Return what the next run would be trained with."""
        return plan_of(self.run, self.notebook.opinion, self.folder, self.root)

    def train(self) -> None:
        """Start the next run.

        Raises:
            ConfigError: one trains already, or nothing would change.
        """
        with self._lock:
            if self.training is not None and self.training.state == "training":
                raise ConfigError(f"{self.training.plan.name} still trains: wait for it, or stop it.")
            plan = self.plan()
            if not plan.added:
                raise ConfigError("Nothing is marked yet: the next run would be the same. Mark words first.")
            self.training = Training(plan, self.folder)
            self.notebook.say("trained", label=plan.name)

    def effects(self) -> list[Effect]:
        """Return what the runs that followed changed, the newest first; without those that did not end."""
        trained = self.notebook.opinion.trained
        for name in trained:
            if name not in self._effects:
                try:
                    after = wt.open_run(name, self.run.record.uri)
                    if after.record.status == "FINISHED":
                        self._effects[name] = effect_of(self.run, after)
                except WhytrainError:  # it never began, or was deleted
                    continue
        return [self._effects[name] for name in reversed(trained) if name in self._effects]

    def put_beside(self, name: str) -> None:
        """Show a run beside the others.

        Raises:
            ConfigError: it is there already, there are too many, or it decides between other classes.
            TrackingError: there is no such run.
        """
        if len(self.models) == MOST_MODELS:
            raise ConfigError(f"{MOST_MODELS} models stand side by side already.")
        run = wt.open_run(name, self.run.record.uri, device=self.run.device)
        if any(model.run is not None and model.run.id == run.id for model in self.models):
            raise ConfigError(f"{run.name} is there already.")
        model = Explored(run.name, run.model, run)
        if model.saved.class_names != self.first.saved.class_names:
            others = ", ".join(model.saved.class_names)
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
