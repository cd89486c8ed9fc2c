"""Explanations of fixed sentences by any methods, epoch by epoch, within a fixed budget."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
from annotated_types import Ge, Gt, Le, MinLen
from numpy.typing import NDArray
from pytorch_lightning.callbacks import Callback

from whytrain.attribution.ask import Ask
from whytrain.attribution.evidence import (
    AttributionEvidence,
    ExplanationEvidence,
    attention_concentration,
    sentence_evidence,
)
from whytrain.attribution.explainer import Explainer, check_explainers, explain
from whytrain.attribution.reference_sentences import (
    MIN_WORDS,
    Key,
    affordable,
    choose_rows,
    interleaved,
    players_of_rows,
)
from whytrain.attribution.tables import (
    ExplainedSentence,
    interaction_table,
    summary,
    tree_table,
    value_table,
)
from whytrain.attribution.target import Target, target_of
from whytrain.attribution.trends import WordTrends
from whytrain.attribution.units import Units
from whytrain.attribution.word_ranking import rank_words
from whytrain.callbacks.access import TextDataModule, classifier_of, data_of, shown_word, store_of
from whytrain.config.seed import Seed
from whytrain.errors import ConfigError
from whytrain.models.batch_runner import inspect_split, predict_split
from whytrain.models.interface import ModelInterface
from whytrain.pages.explained_run import method_figures
from whytrain.pages.explanation.figures import position_figure
from whytrain.pages.explanation.page import sentences_page
from whytrain.runs.ranking import log_ranking
from whytrain.tracking.recorder import Recorder
from whytrain.types import Payoff

TOPIC = "explanations"
_FEWEST = 2  # sentences that are always explained: one to display and one for the averages
_RANKING = 3  # budgets of an epoch that the ranking of words may take, once and for each method
_LOGGING = 0.15  # share of the time that tables and metrics are left with when the budget is measured
_log = logging.getLogger(__name__)

Ranked = tuple[pd.DataFrame, pd.DataFrame | None]


class ExplainEpoch(Callback):
    """Explains the gold class of fixed sentences at each epoch's end, and draws all figures at the end.

    Where classes do not exclude each other, that is a sentence's first gold label, or the most probable one
    where it has none. Training sentences feed averages, trends and rankings; validation sentences are
    displayed. The budget of an epoch, in forward passes of all methods together, is measured once, in the
    first epoch, and fixed from then on. Tables, metrics and figures stand under each method's name.
    """

    def __init__(
        self,
        *,
        explainers: Annotated[Mapping[str, Any], MinLen(1)],
        seed: Seed,
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
            explainers: the methods by name, see `whytrain.attribution.explainer.Explainer`.
            seed: of the choice of sentences, and of methods that draw.
            payoff: what the scores are shares of.
            train_sentences: training sentences at most.
            displayed_sentences: validation sentences at most.
            max_words: words of a sentence at most.
            time_share: share of an epoch's time that the budget is measured by.
            budget: forward passes of an epoch; None to measure it.
            vocabulary_sentences: training sentences at most behind the last ranking of words.
        """
        self.explainers: list[Explainer] = list(explainers.values())
        self.seed, self.payoff, self.max_words, self.time_share = seed, payoff, max_words, time_share
        self.sizes = {"train": train_sentences, "validation": displayed_sentences}
        self.vocabulary_sentences = vocabulary_sentences
        self.budget = budget
        self.evidence: ExplanationEvidence | None = None
        self._trends = WordTrends()
        self._rows: dict[str, list[int]] = {}
        self._players: dict[Key, Units] = {}  # in the order in which they are explained
        self._model: ModelInterface | None = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Choose the sentences, unless a checkpoint brought them.

        Raises:
            ConfigError: a method needs what the model has not, or the budget given is too small for one
                sentence of each split.
        """
        if store_of(trainer) is None:
            return
        data = data_of(trainer)
        self._model = classifier_of(pl_module).interface
        check_explainers(self.explainers, self._model)
        players = {name: self._choose(data, name) for name in self.sizes}
        self._players = interleaved(**players)
        for name in (name for name, found in players.items() if not found):
            _log.warning(
                "%s: no %s sentence has %d to %d words, so none is explained; raise "
                "callbacks.explanations.max_words (at most 16)",
                TOPIC,
                name,
                MIN_WORDS,
                self.max_words,
            )
        if self.budget is not None and self._n_affordable() < min(_FEWEST, len(self._players)):
            raise ConfigError(
                f"callbacks.explanations.budget={self.budget}: the first two sentences need "
                f"{self._costs(list(self._players.values())[:_FEWEST])} evaluations; raise it, lower "
                "callbacks.explanations.max_words, or give null to measure it"
            )

    def _choose(self, data: TextDataModule, name: str) -> dict[int, Units]:
        split = data.corpus.train if name == "train" else data.corpus.validation
        if name not in self._rows:
            self._rows[name] = choose_rows(split, self.sizes[name], self.max_words, self.seed, name)
        return players_of_rows(split, data.encoded(name), self._rows[name], data.tokenizer, self.max_words)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Explain the sentences and log tables, averages and one figure per method."""
        store = store_of(trainer)
        if store is None or trainer.sanity_checking or not self._players:
            return
        started = time.perf_counter()
        epoch, data = trainer.current_epoch + 1, data_of(trainer)
        epoch_s = classifier_of(pl_module).epoch_seconds
        is_measured = self.budget is None
        found = self._explain(data, started + self.time_share * epoch_s, store, epoch)
        if is_measured:
            self._fix_budget(store, len({(s.split, s.sentence_id) for s in found}))
        metrics: dict[str, float] = {f"{TOPIC}/budget": float(self.budget or 0)}
        for method, of_method in _by_method(found).items():
            _log_tables(store, method, of_method, data.corpus.class_names, epoch)
            for variant, of_variant in _by_variant(of_method).items():
                learned = [s for s in of_variant if s.split == "train"]
                suffix = f"_{variant}" if variant else ""
                metrics |= {f"{method}/{key}{suffix}": value for key, value in summary(learned).items()}
            first = of_method[0].explanation.attribution.variant
            trending = [s for s in _by_variant(of_method)[first] if s.split == "train"]
            corpus = data.corpus
            self._trends.remember(
                trending,
                epoch,
                corpus.class_names,
                shown_word(store),
                exclusive=corpus.task.exclusive,
            )
        metrics[f"time/{TOPIC}_s"] = time.perf_counter() - started
        store.log_metrics(metrics, step=epoch)

    def _explain(
        self, data: TextDataModule, deadline: float, store: Recorder, epoch: int | None
    ) -> list[ExplainedSentence]:
        """Explain what the budget allows, or without one what is ready before the deadline.

        Of an epoch the first sentence is drawn at once, so that this time counts when the budget is measured.
        """
        n_sentences = len(self._players) if self.budget is None else self._n_affordable()
        end = deadline - _LOGGING * (deadline - time.perf_counter())
        found: list[ExplainedSentence] = []
        slowest = 0.0
        for i, ((name, row), players) in enumerate(list(self._players.items())[:n_sentences]):
            started = time.perf_counter()
            if self.budget is None and i >= _FEWEST and started + slowest > end:
                break
            found += self._explain_sentence(data, name, row, players)
            slowest = max(slowest, time.perf_counter() - started)
            if i == 0 and epoch is not None:
                for method, of_method in _by_method(found).items():
                    figure = position_figure(of_method[0].explanation, shown_word(store))
                    store.log_figure(figure, method, epoch=epoch)
        return found

    def _explain_sentence(
        self, data: TextDataModule, name: str, row: int, players: Units
    ) -> list[ExplainedSentence]:
        assert self._model is not None
        split = data.corpus.train if name == "train" else data.corpus.validation
        target, label = self._target(data, name, row)
        identity = str(split.ids[row])
        explanations = explain(Ask(self._model, players), self.explainers, target, seed=self.seed)
        return [
            ExplainedSentence(split=name, sentence_id=identity, label=label, explanation=e)
            for e in explanations
        ]

    def _target(self, data: TextDataModule, name: str, row: int) -> tuple[Target, int]:
        """Return what is asked about a row, and what the model should decide about it: an output or -1."""
        assert self._model is not None
        corpus, encoded = data.corpus, data.encoded(name)
        labels, task = encoded.labels[row], corpus.task
        asked = task.asked(labels)
        if asked is None:  # no gold label: what the model finds most probable
            logits = predict_split(self._model, encoded.select(np.array([row]))).logits[0]
            return target_of(task, corpus.class_names, int(logits.argmax()), self.payoff), -1
        return target_of(task, corpus.class_names, asked, self.payoff), asked

    def _fix_budget(self, store: Recorder, n_done: int) -> None:
        """Keep what the first epoch could afford, and say what it could not."""
        self.budget = self._costs(list(self._players.values())[:n_done])
        store.log_params({f"{TOPIC}/budget": self.budget})
        if n_done < len(self._players):
            _log.warning(
                "%s: %d of %d sentences are explained per epoch, %d evaluations in %.0f%% of its time; "
                "callbacks.explanations.budget=%d would take all",
                TOPIC,
                n_done,
                len(self._players),
                self.budget,
                100 * self.time_share,
                self._costs(list(self._players.values())),
            )

    def _cost(self, n_words: int) -> int:
        assert self._model is not None
        return sum(explainer.cost(self._model, n_words) for explainer in self.explainers)

    def _costs(self, sentences: Sequence[Units]) -> int:
        return sum(self._cost(len(players)) for players in sentences)

    def _n_affordable(self) -> int:
        assert self.budget is not None
        return affordable(list(self._players.values()), self._cost, self.budget)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Explain the best weights, draw the displayed sentences and the trends, and rank the words."""
        store = store_of(trainer)
        if store is None or self.budget is None or not self._players:
            return
        started, data, name = time.perf_counter(), data_of(trainer), shown_word(store)
        evidence: dict[str, AttributionEvidence] = {}
        for method, found in _by_method(self._explain(data, started, store, None)).items():
            ranked = self._rank_words(method, data)
            if ranked is not None:
                log_ranking(store, method, *ranked)
            for kind, figure in method_figures(found, ranked, self._trends, name).items():
                store.log_figure(figure, method, kind)
            displayed = [s.explanation for s in found if s.split == "validation"]
            if displayed:
                title = f"Sentences of the validation data, explained by {method}"
                html = sentences_page(title, displayed, data.corpus.class_names, name)
                store.log_text(html, f"reports/{method}.html")
            words, pairs = ranked or (None, None)
            evidence[method] = AttributionEvidence(
                quantity=found[0].explanation.attribution.quantity,
                sentences=sentence_evidence([s for s in found if s.split == "train"]),
                vocabulary=words,
                pairs=pairs,
            )
        self.evidence = ExplanationEvidence(methods=evidence, attention=self._attention(data))
        elapsed = time.perf_counter() - started
        store.log_metrics({f"time/{TOPIC}_end_s": elapsed}, step=trainer.current_epoch)

    def _rank_words(self, method: str, data: TextDataModule) -> Ranked | None:
        """Rank the words, and pairs, of further training sentences, for a budget of its own.

        The shortest ones come first: for the same evaluations that is ten times as many sentences, and a word
        must be seen in several before its mean says anything.
        """
        assert self._model is not None
        model, split = self._model, data.corpus.train
        explainer = next(e for e in self.explainers if e.name == method).first_variant(model)
        rows = choose_rows(split, self.vocabulary_sentences, self.max_words, self.seed, "vocabulary")
        sample = players_of_rows(split, data.encoded("train"), rows, data.tokenizer, self.max_words)
        by_length = sorted(sample.items(), key=lambda item: len(item[1]))
        n_sentences = affordable(
            [players for _, players in by_length],
            lambda n_words: explainer.cost(model, n_words),
            _RANKING * (self.budget or 0),
        )
        chosen = dict(by_length[:n_sentences])
        if not chosen:
            return None
        targets = [self._target(data, "train", row)[0] for row in chosen]
        return rank_words(
            model,
            explainer,
            list(chosen.values()),
            targets,
            class_names=data.corpus.class_names,
            exclusive=data.corpus.task.exclusive,
            seed=self.seed,
        )

    def _attention(self, data: TextDataModule) -> NDArray[np.float64] | None:
        """Return how concentrated attention is on the training sentences; None without attention."""
        assert self._model is not None
        rows = np.array([row for split, row in self._players if split == "train"], dtype=np.int64)
        if self._model.capabilities.attention == "none" or not len(rows):
            return None
        weights: list[NDArray[np.float64]] = []
        for batch in inspect_split(self._model, data.encoded("train").select(rows)):
            assert batch.inspection.attention is not None
            pairs = zip(batch.inspection.attention.double(), batch.mask, strict=True)
            weights += [sentence[present].cpu().numpy() for sentence, present in pairs]
        return attention_concentration(weights)

    def state_dict(self) -> dict[str, Any]:
        """Budget, sentences and trends: a resumed run goes on with the same."""
        return {"budget": self.budget, "rows": self._rows, "trends": self._trends.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore budget, sentences and trends."""
        self.budget, self._rows = state_dict["budget"], state_dict["rows"]
        self._trends.rows = state_dict["trends"]


def _by_method(sentences: Sequence[ExplainedSentence]) -> dict[str, list[ExplainedSentence]]:
    found: dict[str, list[ExplainedSentence]] = {}
    for sentence in sentences:
        found.setdefault(sentence.explanation.attribution.method, []).append(sentence)
    return found


def _by_variant(sentences: Sequence[ExplainedSentence]) -> dict[str, list[ExplainedSentence]]:
    found: dict[str, list[ExplainedSentence]] = {}
    for sentence in sentences:
        found.setdefault(sentence.explanation.attribution.variant, []).append(sentence)
    return found


def _log_tables(
    store: Recorder, method: str, found: Sequence[ExplainedSentence], class_names: Sequence[str], epoch: int
) -> None:
    """Log values, and interactions and trees where the method has them."""
    store.log_table(value_table(found, class_names), method, "values", epoch, ["word"])
    paired = [s for s in found if s.explanation.attribution.pairs is not None]
    if paired:
        pairs = interaction_table(paired, class_names)
        store.log_table(pairs, method, "interactions", epoch, ["first_word", "second_word"])
    joined = [s for s in found if s.explanation.attribution.tree is not None]
    if joined:
        store.log_table(tree_table(joined, class_names, shown_word(store)), method, "trees", epoch)
