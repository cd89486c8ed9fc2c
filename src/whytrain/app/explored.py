"""A model that is explored: its answers are remembered for a while, and what its run holds is read once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import whytrain as wt
from whytrain.app.rows import Which, groups_of
from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import make_explainer
from whytrain.attribution.text import ExplainedText, ScoredText, TextExplainer
from whytrain.config.choices import section_of
from whytrain.counterfactuals.deletions import LeastDeletions
from whytrain.data.corpus import Corpus
from whytrain.errors import ConfigError, DataError, WhytrainError
from whytrain.models.saved import SavedModel
from whytrain.pages.beside import FOLDER, page_names, titles
from whytrain.runs.config import is_private
from whytrain.runs.corrections import read_doubted
from whytrain.runs.evidence import read_evidence
from whytrain.runs.predictions import StoredPredictions
from whytrain.runs.ranking import read_pairs, read_words
from whytrain.runs.validation import judged_rows
from whytrain.shortcuts.evidence import ShortcutEvidence
from whytrain.shortcuts.search import find_shortcuts
from whytrain.shortcuts.texts import LabeledTexts
from whytrain.tracking.reader import download

T = TypeVar("T")
QUICK = "amortized"  # the method that answers at once, where a run has it
_REMEMBERED = 200  # answers
# A person waits for these: exact for short texts, a rougher estimate for long ones than a report's.
_SHARED = {"exact_words": 13, "budget": 1500}  # of models whose coalitions share their recurrence
_DIRECT = {"exact_words": 8, "budget": 500}
_QUICK_METHODS = ("occlusion", "input_x_gradient", "attention")
MOST_TRAINING = 20_000  # rows that are asked and shown
MOST_EXPLAINED = 500  # rows whose reasons are compared
LONGEST_TEXT, MOST_WORDS = 5000, 1000  # characters and words of a text that is asked about here


class Explored:
    """One model, and the run that it comes from if there is one.

    What takes long holds a lock, so that several people's reasons come one after the other; what is quick
    does not wait for it. The model stays in evaluation mode.

    Attributes:
        name: of the run, or of the model.
        run: where the model comes from; None for a classifier from elsewhere.
        saved: the model.
    """

    def __init__(self, name: str, saved: SavedModel, run: wt.Run | None = None) -> None:
        """Remember nothing yet."""
        self.name, self.saved, self.run = name, saved, run
        saved.model.eval()
        self.lock = threading.RLock()
        self._known_lock = threading.Lock()
        self._known: OrderedDict[object, Any] = OrderedDict()

    @property
    def is_private(self) -> bool:
        """Whether the run keeps its texts to itself."""
        return self.run is not None and is_private(self.run.record)

    def warm(self) -> None:
        """Read what the first page shows, and ask once: what a model loads at first is loaded then."""
        self.ask("a")
        _ = self.methods, self.validation

    def ask(self, text: str) -> tuple[wt.AskedText, list[wt.Changed]]:
        """Return the answer to a text, and what it is without each of its words.

        Raises:
            DataError: the text has no words, or is too long.
        """

        def answer() -> tuple[wt.AskedText, list[wt.Changed]]:
            asked = wt.ask(self.saved, text)
            return asked, asked.without_each()

        return self.once(("ask", text), answer)

    def explain(self, text: str, method: str) -> ExplainedText:
        """Return a text explained by a method of conf/explainer; those that take long wait for each other."""
        shared = self.saved.interface.capabilities.recurrence
        settings = {"shapley": _SHARED if shared else _DIRECT}.get(method, {})
        with nullcontext() if method == QUICK else self.lock:
            return self.once(
                ("explain", method, text),
                lambda: wt.explain(self.saved, text, explainers={method: settings}).result,
            )

    def quick(self, text: str) -> Attribution | None:
        """Return the reasons that a network of the run's own guesses in one pass; None without one."""
        if QUICK not in self.methods:
            return None
        return self.explain(text, QUICK).explanations[0].attribution

    def least(self, text: str) -> LeastDeletions:
        """Return the fewest words without which the answer is another one."""
        asked, without = self.ask(text)
        importance = -np.array([changed.effect for changed in without])
        with self.lock:
            return self.once(("least", text), lambda: asked.least_deletions(importance))

    @cached_property
    def methods(self) -> list[str]:
        """The names of the methods that the model can be explained by."""
        return wt.methods(self.saved)

    @cached_property
    def corpus(self) -> Corpus | None:
        """The data of the run; None where there are none to be shown."""
        if self.run is None or self.is_private:
            return None
        try:
            return self.run.corpus
        except WhytrainError:
            return None

    @cached_property
    def validation(self) -> pd.DataFrame | None:
        """The validation rows with what the model says of them; None where there are none to be shown."""
        return None if self.run is None or self.is_private else _or_none(self.run.validation)

    @cached_property
    def training(self) -> pd.DataFrame | None:
        """As `validation`, the training rows: of many a random part, and those whose label is doubted."""
        if self.corpus is None:
            return None
        rows = np.arange(len(self.corpus.train))
        if len(rows) > MOST_TRAINING:
            doubted = () if self.doubted is None else self.doubted["id"]
            listed = np.flatnonzero(np.isin(np.array(self.corpus.train.ids, dtype=object), list(doubted)))
            drawn = np.random.default_rng(0).choice(rows, MOST_TRAINING, replace=False)
            rows = np.union1d(drawn, listed)
        split = self.corpus.train.select(rows)
        with self.lock:
            logits = self.saved.logits(split.texts)
        told = StoredPredictions(
            ids=np.array(split.ids, dtype=object),
            labels=split.labels,
            class_names=self.corpus.class_names,
            logits=logits,
            probabilities=self.corpus.task.probabilities(logits),
            task=self.corpus.task,
        )
        return judged_rows(told, split.texts)

    @cached_property
    def doubted(self) -> pd.DataFrame | None:
        """The run's own list of training labels that are probably wrong; None where it has none."""
        if self.run is None or self.is_private:
            return None
        record = self.run.record
        return _or_none(lambda: read_doubted(record))

    @cached_property
    def pages(self) -> dict[str, str]:
        """What the pages that the run keeps are about, by the names of their files."""
        if self.run is None or self.is_private:
            return {}
        record = self.run.record
        return titles(_or_none(lambda: page_names(record)) or [])

    def page(self, name: str) -> str:
        """Return one of `pages`.

        Raises:
            ConfigError: there is no such page.
            TrackingError: it cannot be read.
        """
        if self.run is None or name not in self.pages:
            raise ConfigError("The run has no such page.")
        return download(self.run.record, f"{FOLDER}/{name}").read_text("utf-8")

    def rows(self, which: Which) -> pd.DataFrame | None:
        """Return `validation` or `training`."""
        return self.validation if which == "validation" else self.training

    def groups(self, which: Which) -> dict[str, NDArray[np.str_]]:
        """Return what the rows of `rows` are grouped by, see `whytrain.app.rows.groups_of`."""
        table = self.rows(which)
        if table is None:
            return {}
        columns: dict[str, list[Any]] = {}
        if self.corpus is not None:
            split = self.corpus.train if which == "training" else self.corpus.validation
            place = {row_id: row for row, row_id in enumerate(split.ids)}
            places = [place.get(row_id) for row_id in table["id"]]
            columns = {n: [None if i is None else v[i] for i in places] for n, v in split.columns.items()}
        return self.once(("groups", which), lambda: groups_of(table["text"].tolist(), columns))

    def agreement(self, which: Which) -> NDArray[np.bool_]:
        """Return for each of `rows` whether two quick methods name the same word as what decides most.

        These are occlusion and input × gradient, or what the model has of `_QUICK_METHODS`; with fewer than
        two all agree. Of many rows only the most wrong are asked; the others count as agreed.
        """

        def ask() -> NDArray[np.bool_]:
            table = self.rows(which)
            names = [name for name in _QUICK_METHODS if name in self.methods][:2]
            agree = np.ones(0 if table is None else len(table), dtype=bool)
            if table is None or len(names) < 2:
                return agree
            made = [make_explainer(section_of("explainer", name)) for name in names]
            methods = [method.first_variant(self.saved.interface) for method in made]
            worst = np.argsort(-table["loss"].to_numpy(), kind="stable")[:MOST_EXPLAINED]
            with self.lock:
                texts = table["text"].iloc[worst].tolist()
                told = TextExplainer(self.saved, methods, payoff="log_odds", seed=0).score(texts)
            agree[worst] = [isinstance(found, DataError) or _same_word(found) for found in told]
            return agree

        return self.once(("agreement", which), ask)

    def known_agreement(self, which: Which) -> NDArray[np.bool_] | None:
        """Return `agreement` where it was asked for before."""
        with self._known_lock:
            found: NDArray[np.bool_] | None = self._known.get(("agreement", which))
        return found

    @cached_property
    def shortcuts(self) -> ShortcutEvidence | None:
        """What the run's model leans on, and what speaks against it; None where the data are not there."""
        if self.run is None or self.is_private:
            return None
        record = self.run.record
        evidence = _or_none(lambda: read_evidence(record))
        if evidence is not None and evidence.shortcuts is not None:
            return evidence.shortcuts
        return self._find_shortcuts()

    def _find_shortcuts(self) -> ShortcutEvidence | None:
        """Look now, in a run in which nothing looked."""
        corpus = self.corpus
        if corpus is None or not corpus.task.exclusive:
            return None
        train, check, validation = (
            None if split is None else LabeledTexts(ids=split.ids, texts=split.texts, labels=split.labels)
            for split in (corpus.train, corpus.check, corpus.validation)
        )
        assert train is not None
        with self.lock:
            return find_shortcuts(
                self.saved.logits, train, check, len(corpus.class_names), validation=validation, seed=0
            )

    @cached_property
    def ranking(self) -> pd.DataFrame | None:
        """The words that decide most in training sentences; None where none were ranked."""
        if self.run is None or self.is_private:
            return None
        record = self.run.record
        return _or_none(lambda: read_words(record))

    @cached_property
    def pairs(self) -> pd.DataFrame | None:
        """The pairs of words that do most together; None where none were ranked."""
        if self.run is None or self.is_private:
            return None
        record = self.run.record
        return _or_none(lambda: read_pairs(record))

    def once(self, key: object, compute: Callable[[], T]) -> T:
        """Return what is computed, or was computed under this key a while ago."""
        with self._known_lock:
            if key in self._known:
                self._known.move_to_end(key)
                known: T = self._known[key]
                return known
        found = compute()
        with self._known_lock:
            self._known[key] = found
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found


def _same_word(found: ScoredText) -> bool:
    first = {int(np.abs(attribution.scores).argmax()) for attribution in found.attributions}
    return len(first) == 1


def _or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except WhytrainError:
        return None
