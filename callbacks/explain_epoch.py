"""Explanations of fixed sentences by any methods, epoch by epoch."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pytorch_lightning as pl
from annotated_types import Ge, Gt, Le, MinLen

from whytrain.attribution.data_explainer import DataExplainer
from whytrain.attribution.evidence import AttributionEvidence, ExplanationEvidence, sentence_evidence
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.reference_sentences import MIN_WORDS, Key, affordable, interleaved
from whytrain.attribution.tables import (
    ExplainedSentence,
    interaction_table,
    summary,
    tree_table,
    value_table,
)
from whytrain.attribution.trends import WordTrends
from whytrain.attribution.units import Units
from whytrain.callbacks.access import (
    TextDataModule,
    classifier_of,
    counting,
    data_of,
    shown_word,
    store_of,
)
from whytrain.callbacks.budget import Budget
from whytrain.callbacks.observer import Epochs, Observer
from whytrain.config.seed import Seed
from whytrain.errors import ConfigError
from whytrain.models.interface import ModelInterface
from whytrain.pages.explained_run import method_figures
from whytrain.pages.explanation.figures import position_figure
from whytrain.pages.explanation.page import sentences_page
from whytrain.runs.ranking import log_ranking
from whytrain.tracking.recorder import Recorder
from whytrain.types import Payoff, PlayerUnit

TOPIC = "explanations"
_FEWEST = 2  # sentences that are always explained: one to display and one for the averages
_log = logging.getLogger(__name__)


class ExplainEpoch(Observer):
    """Explains fixed sentences from epoch to epoch; at the end all of them, and ranks the words of many.

    See `DataExplainer` for what is asked. Training sentences feed averages, trends and rankings; validation
    sentences are displayed. Tables, metrics and figures stand under each method's name.

    Attributes:
        evidence: what the explanations say, after the fit; None where there are none.
    """

    topic = TOPIC

    def __init__(
        self,
        *,
        explainers: Annotated[Mapping[str, Any], MinLen(1)],
        epochs: Epochs,
        seed: Seed,
        payoff: Payoff,
        players: PlayerUnit,
        train_sentences: Annotated[int, Ge(1)],
        displayed_sentences: Annotated[int, Ge(1)],
        max_words: Annotated[int, Ge(MIN_WORDS), Le(16)],
        budget: Annotated[int, Ge(1)] | None,
        time_share: Annotated[float, Gt(0), Le(1)] | None,
        vocabulary_sentences: Annotated[int, Ge(0)],
        vocabulary_budget: Annotated[int, Ge(1)],
    ) -> None:
        """Store the settings.

        Args:
            explainers: the methods by name, see `whytrain.attribution.explainer.Explainer`.
            epochs: how many are explained, at most; None: all.
            seed: of the choice of sentences, and of methods that draw.
            payoff: what the scores are shares of.
            players: what gets a score.
            train_sentences: training sentences at most.
            displayed_sentences: validation sentences at most.
            max_words: words of a sentence at most.
            budget: forward passes of an epoch, of all methods together; None: those of all sentences.
            time_share: largest share of an epoch's time, by which the first epoch lowers the budget; None:
                any.
            vocabulary_sentences: training sentences at most behind the last ranking of words.
            vocabulary_budget: forward passes of that ranking, of each method.
        """
        super().__init__(epochs)
        self.explainers: list[Explainer] = list(explainers.values())
        self.seed, self.payoff, self.max_words = seed, payoff, max_words
        self.players = players
        self.sizes = {"train": train_sentences, "validation": displayed_sentences}
        self.vocabulary = (vocabulary_sentences, vocabulary_budget)
        self.budget = Budget(TOPIC, "budget", "evaluations", limit=budget, time_share=time_share)
        self.evidence: ExplanationEvidence | None = None
        self._trends = WordTrends()
        self._rows: dict[str, list[int]] = {}
        self._sentences: list[tuple[Key, Units]] = []  # in the order in which they are explained
        self._explainer: DataExplainer

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Choose the sentences, unless a checkpoint brought them.

        Raises:
            ConfigError: a method needs what the model has not, or the budget given is too small for one
                sentence of each split.
        """
        if store_of(trainer) is None:
            return
        self._explainer = self.explainer_of(classifier_of(pl_module).interface, data_of(trainer))
        players = {name: self._players(name, n_sentences) for name, n_sentences in self.sizes.items()}
        self._sentences = list(interleaved(**players).items())
        fewest = self._cost(self._sentences[:_FEWEST])
        if self.budget.allowed(fewest) < fewest:
            raise ConfigError(
                f"callbacks.{TOPIC}.budget={self.budget.limit}: the first two sentences need {fewest} "
                f"evaluations; raise it, lower callbacks.{TOPIC}.max_words, or give null to explain all"
            )

    def explainer_of(self, model: ModelInterface, data: TextDataModule) -> DataExplainer:
        """Return what explains the data's sentences by these methods, as answered by a model."""
        return DataExplainer(
            model,
            self.explainers,
            data.corpus,
            data.encoded,
            payoff=self.payoff,
            max_words=self.max_words,
            seed=self.seed,
            players=self.players,
        )

    def _players(self, name: str, n_sentences: int) -> dict[int, Units]:
        """Return the chosen sentences of a split, and say where there are none."""
        if name not in self._rows:
            self._rows[name] = self._explainer.choose(name, n_sentences, name)
        found = self._explainer.players(name, self._rows[name])
        if not found:
            _log.warning(
                "%s: no %s text has %d words, or a passage of %d to %d, so none is explained",
                TOPIC,
                name,
                MIN_WORDS,
                MIN_WORDS,
                self.max_words,
            )
        return found

    def _cost(self, sentences: Sequence[tuple[Key, Units]]) -> int:
        return sum(self._explainer.cost(len(players)) for _, players in sentences)

    def observe(self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int) -> None:
        """Explain the sentences and log tables, averages and one figure per method."""
        store = store_of(trainer)
        if store is None or not self._sentences:
            return
        chosen = self._affordable(store, classifier_of(pl_module).epoch_seconds)
        found = _by_method(self._explainer.explain(chosen, counting(trainer, "sentences")))
        self._log_numbers(store, found, data_of(trainer), epoch)
        for method, sentences in found.items():
            figure = position_figure(sentences[0].explanation, shown_word(store))
            store.log_figure(figure, method, epoch=epoch)

    def _log_numbers(
        self,
        store: Recorder,
        found: Mapping[str, Sequence[ExplainedSentence]],
        data: TextDataModule,
        epoch: int,
    ) -> None:
        """Log an epoch's tables and averages by method."""
        explained = next(iter(found.values()))
        n_sentences = len({(sentence.split, sentence.sentence_id) for sentence in explained})
        metrics: dict[str, float] = {
            f"{TOPIC}/sentences": n_sentences,
            f"{TOPIC}/evaluations": self._cost(self._sentences[:n_sentences]),
        }
        for method, sentences in found.items():
            _log_tables(store, method, sentences, data.corpus.class_names, epoch)
            metrics |= self._averages(method, sentences, data, store, epoch)
        store.log_metrics(metrics, step=epoch)

    def _affordable(self, store: Recorder, epoch_s: float) -> list[tuple[Key, Units]]:
        """Return the sentences of an epoch: all that the budget allows."""
        few, whole = self._sentences[:_FEWEST], self._cost(self._sentences)

        def sample() -> int:
            self._explainer.explain(few)
            return self._cost(few)

        self.budget.measure(store, epoch_s, whole, sample)
        n_sentences = affordable(
            [players for _, players in self._sentences], self._explainer.cost, self.budget.allowed(whole)
        )
        return self._sentences[:n_sentences]

    def _averages(
        self,
        method: str,
        found: Sequence[ExplainedSentence],
        data: TextDataModule,
        store: Recorder,
        epoch: int,
    ) -> dict[str, float]:
        """Return the averages over training sentences, and remember the first variant's for the trends."""
        averages: dict[str, float] = {}
        learned = [s for s in found if s.split == "train"]
        for i, (variant, sentences) in enumerate(_by_variant(learned).items()):
            suffix = f"_{variant}" if variant else ""
            averages |= {f"{method}/{key}{suffix}": value for key, value in summary(sentences).items()}
            if i == 0:
                self._trends.remember(
                    sentences,
                    epoch,
                    data.corpus.class_names,
                    shown_word(store),
                    exclusive=data.corpus.task.exclusive,
                )
        return averages

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Explain the best weights, draw the displayed sentences and the trends, and rank the words."""
        store = store_of(trainer)
        if store is None or not self._sentences:
            return
        data, name = data_of(trainer), shown_word(store)
        evidence: dict[str, AttributionEvidence] = {}
        progress = counting(trainer, "sentences")
        explained = _by_method(self._explainer.explain(self._sentences, progress))
        if (epoch := self.unseen_best(trainer)) is not None:
            self._log_numbers(store, explained, data, epoch)
        for method, found in explained.items():
            ranked = self._explainer.rank(method, *self.vocabulary, progress=progress)
            if ranked is not None:
                log_ranking(store, method, *ranked)
            for kind, figure in method_figures(found, ranked, self._trends, name).items():
                store.log_figure(figure, method, kind)
            displayed = [s.explanation for s in found if s.split == "validation"]
            if displayed:
                title = f"Sentences of the validation data, explained by {method.replace('_', ' ')}"
                html = sentences_page(title, displayed, data.corpus.class_names, name)
                store.log_text(html, f"reports/{method}.html")
            words, pairs = ranked or (None, None)
            evidence[method] = AttributionEvidence(
                quantity=found[0].explanation.attribution.quantity,
                sentences=sentence_evidence([s for s in found if s.split == "train"]),
                vocabulary=words,
                pairs=pairs,
            )
        attention = self._explainer.attention(
            [row for (split, row), _ in self._sentences if split == "train"]
        )
        self.evidence = ExplanationEvidence(methods=evidence, attention=attention)

    def state_dict(self) -> dict[str, Any]:
        """Budget, sentences and trends: a resumed run goes on with the same."""
        return {"budget": self.budget.state(), "rows": self._rows, "trends": self._trends.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore budget, sentences and trends."""
        self.budget.restore(state_dict["budget"])
        self._rows, self._trends.rows = state_dict["rows"], state_dict["trends"]


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
