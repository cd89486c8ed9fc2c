"""Shapley values, interactions and trees of fixed sentences, epoch by epoch, within a fixed budget."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
from annotated_types import Ge, Gt, Le, MinLen
from numpy.typing import NDArray
from pytorch_lightning.callbacks import Callback
from whytrain.attribution.shapley.explanation import Explanation, explain

from whytrain.attribution.evidence import ShapleyEvidence, attention_concentration, probe_evidence
from whytrain.attribution.reference_sentences import MIN_WORDS, affordable, choose_rows, probe_players
from whytrain.attribution.removal import absence, usual_absences
from whytrain.attribution.tables import (
    Probe,
    interaction_table,
    summary,
    tree_table,
    value_table,
    word_table,
)
from whytrain.attribution.units import Players
from whytrain.attribution.word_ranking import rank_vocabulary
from whytrain.callbacks.access import TextDataModule, classifier_of, data_of, shown_word, store_of
from whytrain.config.seed import Seed
from whytrain.errors import ConfigError
from whytrain.figures.explanations.word_trends import word_trends
from whytrain.models.bilstm.prefix_form import prefix_form
from whytrain.models.inspection import inspect_split
from whytrain.pages.corpus import corpus_figures, vocabulary_figures
from whytrain.pages.explanation import page, parts_figure, position_figure, sentence_figures
from whytrain.tracking.store import Store
from whytrain.types import AbsenceName, Inspectable, Payoff

TOPIC = "shapley"
_FEWEST = 2  # sentences that are always explained: one to display and one for the averages
_VOCABULARY = 3  # budgets of an epoch that the ranking of words may take, once
_LOGGING = 0.15  # share of the time that tables and metrics are left with when the budget is measured
_log = logging.getLogger(__name__)


class Shapley(Callback):
    """Explains the gold class of a fixed probe set at each epoch's end, and draws all figures at the end.

    Training sentences feed averages, trends and rankings; validation sentences are displayed. A sentence of n
    words costs 2^n evaluations per absence. The budget of an epoch is measured once, in the first epoch, and
    fixed from then on.
    """

    def __init__(
        self,
        *,
        seed: Seed,
        absences: Annotated[list[AbsenceName], MinLen(1)] | None,
        payoff: Payoff,
        train_sentences: Annotated[int, Ge(1)],
        displayed_sentences: Annotated[int, Ge(1)],
        max_words: Annotated[int, Ge(MIN_WORDS), Le(16)],
        time_share: Annotated[float, Gt(0), Le(1)],
        budget: Annotated[int, Ge(1)] | None,
        vocabulary_sentences: Annotated[int, Ge(0)],
    ) -> None:
        """Store the settings.

        Args:
            seed: of the choice of sentences.
            absences: what stands where a word is absent; figures and trends show the first. None: as is
                usual for the model.
            payoff: what the values are shares of.
            train_sentences: training sentences at most.
            displayed_sentences: validation sentences at most.
            max_words: words of a sentence at most.
            time_share: share of an epoch's time that the budget is measured by.
            budget: evaluations of an epoch; None to measure it.
            vocabulary_sentences: training sentences at most behind the last ranking of words.
        """
        self.seed, self.payoff, self.max_words, self.time_share = seed, payoff, max_words, time_share
        self.absences: list[AbsenceName] = list(absences or ())
        self.sizes = {"train": train_sentences, "validation": displayed_sentences}
        self.vocabulary_sentences = vocabulary_sentences
        self.budget = budget
        self.evidence: ShapleyEvidence | None = None
        self._rows: dict[str, list[int]] = {}
        self._trends: list[dict[str, Any]] = []
        self._players: dict[tuple[str, int], Players] = {}  # in the order in which they are explained
        self._validation_start = 0.0

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Choose the sentences, unless a checkpoint brought them.

        Raises:
            ConfigError: the budget given is too small for one sentence of each split.
        """
        if store_of(trainer) is None:
            return
        self.absences = self.absences or usual_absences(classifier_of(pl_module).model)
        data = data_of(trainer)
        splits = {"train": data.corpus.train, "validation": data.corpus.validation}
        found: list[tuple[float, tuple[str, int], Players]] = []
        for name, split in splits.items():
            if name not in self._rows:
                self._rows[name] = choose_rows(split, self.sizes[name], self.max_words, self.seed, name)
            players = probe_players(
                split, data.encoded(name), self._rows[name], data.tokenizer, self.max_words
            )
            # Both splits from the first sentence on, each in proportion: any budget explains some of both.
            ranks = (np.arange(len(players)) + 0.5 * (name == "train")) / max(1, len(players))
            found += [(rank, (name, row), p) for rank, (row, p) in zip(ranks, players.items(), strict=True)]
        self._players = {key: players for _, key, players in sorted(found, key=lambda f: f[:2])}
        for name in splits:
            if all(split != name for split, _ in self._players):
                _log.warning(
                    "shapley: no %s sentence has %d to %d words, so none is explained; raise "
                    "callbacks.shapley.max_words (at most 16)",
                    name,
                    MIN_WORDS,
                    self.max_words,
                )
        if self.budget is not None and self._n_affordable() < min(_FEWEST, len(self._players)):
            raise ConfigError(
                f"callbacks.shapley.budget={self.budget}: the first two sentences need "
                f"{self._cost(list(self._players.values())[:_FEWEST])} evaluations; raise it, lower "
                "callbacks.shapley.max_words, or give null to measure it"
            )

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock of the validation: it belongs to the epoch's time."""
        self._validation_start = time.perf_counter()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Explain the probes and log tables, averages and one figure."""
        store = store_of(trainer)
        if store is None or trainer.sanity_checking or not self._players:
            return
        started = time.perf_counter()
        epoch, data = trainer.current_epoch + 1, data_of(trainer)
        training_s = sum(batch[2] for batch in classifier_of(pl_module).batch_history)
        epoch_s = training_s + started - self._validation_start
        is_measured = self.budget is None
        probes = self._explain(trainer, pl_module, started + self.time_share * epoch_s, epoch)
        if is_measured:
            self._fix_budget(store, len(probes) // len(self.absences))
        names = data.corpus.class_names
        values = value_table(probes, names)
        pairs = interaction_table(probes, names)
        store.log_table(values, TOPIC, "values", epoch, ["word"])
        store.log_table(pairs, TOPIC, "interactions", epoch, ["first_word", "second_word"])
        store.log_table(tree_table(probes, names, shown_word(store)), TOPIC, "trees", epoch)
        self._remember_trends(values, names, epoch, store)
        metrics: dict[str, float] = {"shapley/budget": float(self.budget or 0)}
        for name in self.absences:
            chosen = [p for p in probes if p.split == "train" and p.explanation.absence.name == name]
            metrics |= {f"shapley/{key}_{name}": value for key, value in summary(chosen).items()}
        metrics["time/shapley_s"] = time.perf_counter() - started
        store.log_metrics(metrics, step=epoch)

    def _explain(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, deadline: float, epoch: int | None
    ) -> list[Probe]:
        """Explain what the budget allows, or without one what is ready before the deadline.

        Of an epoch the first sentence is drawn at once, so that this time counts when the budget is measured.
        """
        model, data, store = prefix_form(classifier_of(pl_module).model), data_of(trainer), store_of(trainer)
        kinds = [absence(name, data.tokenizer) for name in self.absences]
        n_sentences = len(self._players) if self.budget is None else self._n_affordable()
        end = deadline - _LOGGING * (deadline - time.perf_counter())
        probes: list[Probe] = []
        slowest = 0.0
        for i, ((name, row), players) in enumerate(list(self._players.items())[:n_sentences]):
            started = time.perf_counter()
            if self.budget is None and i >= _FEWEST and started + slowest > end:
                break
            split = data.corpus.train if name == "train" else data.corpus.validation
            label = int(split.labels[row])
            for kind in kinds:
                explanation = explain(
                    model,
                    players,
                    kind,
                    payoff=self.payoff,
                    class_index=label,
                    exact_words=len(players),
                    budget=0,
                    seed=self.seed,
                )
                probes.append(Probe(name, str(split.ids[row]), label, explanation))
            slowest = max(slowest, time.perf_counter() - started)
            if i == 0 and epoch is not None and store is not None:
                first = probes[0].explanation
                figure = position_figure(first, data.corpus.class_names[label], shown_word(store))
                store.log_figure(figure, TOPIC, epoch=epoch)
        return probes

    def _fix_budget(self, store: Store, n_done: int) -> None:
        """Keep what the first epoch could afford, and say what it could not."""
        self.budget = self._cost(list(self._players.values())[:n_done])
        store.log_params({"shapley/budget": self.budget})
        if n_done < len(self._players):
            _log.warning(
                "shapley: explains %d of %d sentences per epoch, %d evaluations in %.0f%% of its time; "
                "callbacks.shapley.budget=%d would take all",
                n_done,
                len(self._players),
                self.budget,
                100 * self.time_share,
                self._cost(list(self._players.values())),
            )

    def _cost(self, sentences: Sequence[Players]) -> int:
        return sum(len(self.absences) << len(players) for players in sentences)

    def _n_affordable(self) -> int:
        assert self.budget is not None
        return affordable([len(p) for p in self._players.values()], len(self.absences), self.budget)

    def _remember_trends(
        self, values: pd.DataFrame, class_names: Sequence[str], epoch: int, store: Store
    ) -> None:
        of_train = values[(values["split"] == "train") & (values["absence"] == self.absences[0])]
        words = word_table(of_train, class_names)
        words["word"] = words["word"].map(shown_word(store))
        # A repeated epoch of a resumed run replaces what it logged before.
        self._trends = [row for row in self._trends if row["epoch"] != epoch]
        for name, word, phi in zip(words["class"], words["word"], words["phi"], strict=True):
            self._trends.append({"epoch": epoch, "class": name, "word": word, "phi": phi})

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Explain the best weights, draw the displayed sentences and the trends, and rank the vocabulary."""
        store = store_of(trainer)
        if store is None or self.budget is None or not self._players:
            return
        started, data = time.perf_counter(), data_of(trainer)
        probes = self._explain(trainer, pl_module, started, None)
        displayed = [p for p in probes if p.split == "validation"]
        self._draw(store, displayed, data.corpus.class_names)
        if self._trends:
            trends = pd.DataFrame(self._trends)
            name = str(trends["class"].mode()[0])  # of several classes the one with most words
            figure = word_trends(trends[trends["class"] == name], payoff=self.payoff, class_name=name)
            store.log_figure(figure, TOPIC, "word_trends")
        ranked = self._rank_vocabulary(pl_module, data)
        if ranked is not None:
            store.log_table(ranked[0], TOPIC, "vocabulary", text_columns=["word"])
            store.log_table(ranked[1], TOPIC, "pairs", text_columns=["word_a", "word_b"])
        learned = [p for p in probes if p.split == "train"]
        self._draw_corpus(store, learned, ranked)
        attention = self._attention(pl_module, data)
        words, pairs = ranked or (None, None)
        self.evidence = ShapleyEvidence(self.payoff, probe_evidence(learned), words, pairs, attention)
        store.log_metrics({"time/shapley_end_s": time.perf_counter() - started}, step=trainer.current_epoch)

    def _draw(self, store: Store, displayed: Sequence[Probe], class_names: Sequence[str]) -> None:
        name = shown_word(store)
        shown = [p for p in displayed if p.explanation.absence.name == self.absences[0]]
        for number, probe in enumerate(shown, start=1):
            figures = sentence_figures(probe.explanation, class_names[probe.label], name)
            for kind, figure in figures.items():
                store.log_figure(figure, TOPIC, f"sentence_{number}_{kind}")
        if displayed:
            explanations = [p.explanation for p in displayed]
            html = page("Sentences of the validation data", explanations, class_names, name)
            store.log_text(html, f"reports/{TOPIC}.html")
            parts = parts_figure([p.explanation for p in shown], "the gold class", name)
            store.log_figure(parts, TOPIC, "parts")

    def _draw_corpus(
        self, store: Store, learned: Sequence[Probe], ranked: tuple[pd.DataFrame, pd.DataFrame] | None
    ) -> None:
        kinds: dict[str, list[Explanation]] = {}
        for probe in learned:
            kinds.setdefault(probe.explanation.absence.name, []).append(probe.explanation)
        figures = corpus_figures(kinds) if kinds else {}
        if ranked is not None:
            figures |= vocabulary_figures(*ranked, payoff=self.payoff, name=shown_word(store))
        for name, figure in figures.items():
            store.log_figure(figure, TOPIC, name)

    def _rank_vocabulary(
        self, pl_module: pl.LightningModule, data: TextDataModule
    ) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """Rank the words, and pairs, of further training sentences, for a budget of its own.

        The shortest ones come first: for the same evaluations that is ten times as many sentences, and a word
        must be seen in several before its mean says anything.
        """
        split, tokenizer = data.corpus.train, data.tokenizer
        rows = choose_rows(split, self.vocabulary_sentences, self.max_words, self.seed, "vocabulary")
        sample = probe_players(split, data.encoded("train"), rows, tokenizer, self.max_words)
        by_length = sorted(sample.items(), key=lambda item: len(item[1]))
        n_sentences = affordable([len(p) for _, p in by_length], 1, _VOCABULARY * (self.budget or 0))
        chosen = dict(by_length[:n_sentences])
        if not chosen:
            return None
        return rank_vocabulary(
            prefix_form(classifier_of(pl_module).model),
            chosen,
            split.labels,
            absence(self.absences[0], tokenizer),
            payoff=self.payoff,
            class_names=data.corpus.class_names,
        )

    def _attention(self, pl_module: pl.LightningModule, data: TextDataModule) -> NDArray[np.float64] | None:
        """Return how concentrated attention is on the training sentences; None without attention."""
        model = classifier_of(pl_module).model
        rows = np.array([row for split, row in self._players if split == "train"], dtype=np.int64)
        if not isinstance(model, Inspectable) or not len(rows):
            return None
        weights: list[NDArray[np.float64]] = []
        for batch in inspect_split(model, data.encoded("train").select(rows)):
            if batch.inspection.attention is None:
                return None
            pairs = zip(batch.inspection.attention.double(), batch.mask, strict=True)
            weights += [sentence[present].cpu().numpy() for sentence, present in pairs]
        return attention_concentration(weights)

    def state_dict(self) -> dict[str, Any]:
        """Budget, sentences and trends: a resumed run goes on with the same."""
        return {"budget": self.budget, "rows": self._rows, "trends": self._trends}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore budget, sentences and trends."""
        self.budget, self._rows = state_dict["budget"], state_dict["rows"]
        self._trends = state_dict["trends"]
