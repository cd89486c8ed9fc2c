"""Small readable surrogates of the network: their fidelity epoch by epoch, all they say at the end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pytorch_lightning as pl
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

from whytrain.attribution.evidence import ExplanationEvidence
from whytrain.callbacks.access import (
    Answers,
    ClassifierModule,
    TextDataModule,
    best_answers,
    classifier_of,
    counting,
    data_of,
    evidence_of,
    shown_word,
    store_of,
)
from whytrain.callbacks.budget import Budget
from whytrain.callbacks.observer import Epochs, Observer
from whytrain.callbacks.order import Phase
from whytrain.config.seed import Seed
from whytrain.data.corpus import Corpus, Split
from whytrain.data.splits import sentence_groups
from whytrain.errors import DataError
from whytrain.figures.surrogates.coefficients import coefficients
from whytrain.figures.surrogates.decision_tree import decision_tree
from whytrain.figures.surrogates.fidelity_history import fidelity_history
from whytrain.figures.surrogates.rule_list import rule_list
from whytrain.influence.surrogate_rows import surrogate_rows
from whytrain.models.batch_runner import predict_split
from whytrain.models.interface import ModelInterface
from whytrain.objectives.augmentation import joined_texts
from whytrain.runs.surrogates import log_surrogates
from whytrain.surrogates.conclusions import (
    coefficient_table,
    disagreement,
    fidelity_evidence,
    fidelity_table,
    rule_table,
    rules_in_words,
    surrogate_evidence,
)
from whytrain.surrogates.dense import dense_table
from whytrain.surrogates.evidence import FidelityEvidence, SurrogateEvidence
from whytrain.surrogates.features import FeatureTable, ReadSentences, WordCounter, explained_sum
from whytrain.surrogates.fitting import (
    Answered,
    ExplainedWords,
    FittedSurrogate,
    FittedSurrogates,
    SurrogateSettings,
    Unlabeled,
    epoch_scores,
    fit_surrogates,
)
from whytrain.surrogates.rules import tree_cells
from whytrain.surrogates.sampling import balanced_rows
from whytrain.surrogates.soft_rules import soft_cells, soft_table
from whytrain.tracking.recorder import Recorder
from whytrain.types import Progress

TOPIC = "surrogate"
_FEWEST = 100  # sentences of an epoch's surrogates: fewer say nothing
_DENSE = 1000  # sentences of the dense surrogates, whose features are some thousand
_log = logging.getLogger(__name__)


class FitSurrogates(Observer):
    """Fits surrogates to the network's probabilities of training sentences, judges them on validation ones.

    Epochs have quick surrogates of fixed strength, on the first sentences of the sample. The best weights
    have them in full at the end: tuned surrogates, rules, coefficients, and the sentences on which the
    surrogates disagree.

    Attributes:
        evidence: what the surrogates say, after the fit; None where there are none.
    """

    phase = Phase.DISTIL
    topic = TOPIC

    def __init__(
        self,
        *,
        epochs: Epochs,
        seed: Seed,
        rows: Annotated[int, Ge(_FEWEST)] | Literal["all"],
        joined: Annotated[int, Ge(0)],
        words: Annotated[int, Ge(1)],
        pairs: Annotated[int, Ge(0)],
        alpha: Annotated[float, Interval(ge=0, le=1)],
        temperature: Annotated[float, Gt(0)],
        epoch_rows: Annotated[int, Ge(0)] | None,
        time_share: Annotated[float, Interval(gt=0, le=1)] | None,
    ) -> None:
        """Store the settings.

        Args:
            epochs: how many have surrogates, at most; None: all.
            seed: of the sample and the trees.
            rows: training sentences that the last surrogates learn from; as many of each class as there are.
            joined: further sentences for them, each two of these joined, that the network labels.
            words: words whose presence is a feature, at most.
            pairs: pairs of words whose presence is one, at most.
            alpha: weight of the gold labels beside the network's probabilities.
            temperature: softens these probabilities; fidelity is to the network as it is.
            epoch_rows: training sentences of an epoch's surrogates; 0: none; None: all of the last ones'.
            time_share: largest share of an epoch's time, by which the first epoch lowers `epoch_rows`; None:
                any.
        """
        super().__init__(epochs)
        self.seed, self.rows, self.joined = seed, rows, joined
        self.budget = Budget(TOPIC, "epoch_rows", "sentences", limit=epoch_rows, time_share=time_share)
        self.settings = SurrogateSettings(
            alpha=alpha, temperature=temperature, words=words, pairs=pairs, seed=seed
        )
        self.evidence: SurrogateEvidence | None = None
        self._history: list[dict[str, float]] = []
        self._sample: NDArray[np.int64] | None = None  # rows of train, in the order in which they are drawn
        self._corpus: Corpus

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Choose the sentences; they are read when they are first needed."""
        if store_of(trainer) is None:
            return
        corpus = data_of(trainer).corpus
        n_rows = len(corpus.train) if self.rows == "all" else self.rows
        if not corpus.task.exclusive:
            self._leave_out(DataError(f"students predict one class of several, not task={corpus.task.name}"))
            return
        try:
            sample = balanced_rows(corpus.train.labels, corpus.class_names, n_rows, self.seed)
        except DataError as error:
            self._leave_out(error)
            return
        self._sample, self._corpus = sample, corpus

    @cached_property
    def _texts(self) -> list[str]:
        assert self._sample is not None
        return [self._corpus.train.texts[row] for row in self._sample]

    @cached_property
    def _counter(self) -> WordCounter:
        return WordCounter(self._texts)

    @cached_property
    def _read(self) -> dict[str, ReadSentences]:
        return {
            "train": self._counter.read(self._texts),
            "validation": self._counter.read(self._corpus.validation.texts),
        }

    def observe(self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int) -> None:
        """Log how faithful quick surrogates are."""
        store = store_of(trainer)
        if store is None or self._sample is None or self.budget.limit == 0:
            return
        data, module = data_of(trainer), classifier_of(pl_module)
        assert module.predictions is not None
        try:
            scores = self._epoch_scores(store, module, data)
        except DataError as error:
            self._leave_out(error)
            return
        # A repeated epoch of a resumed run replaces what it remembered before.
        self._history = [row for row in self._history if row["epoch"] != epoch]
        self._history.append({"epoch": float(epoch), **scores})
        metrics = {f"surrogate/{name}": value for name, value in scores.items()}
        store.log_metrics(metrics, step=epoch)

    def _epoch_scores(
        self, store: Recorder, module: ClassifierModule, data: TextDataModule
    ) -> dict[str, float]:
        """Fit untuned surrogates to as many sentences of the sample as the budget allows."""
        assert self._sample is not None
        whole = len(self._sample)
        fewest = min(_FEWEST, whole)

        def sample() -> int:
            self._quick(module, data, fewest)
            return fewest

        self.budget.measure(store, module.epoch_seconds, whole, sample)
        return self._quick(module, data, self.budget.allowed(whole))

    def _quick(self, module: ClassifierModule, data: TextDataModule, n_rows: int) -> dict[str, float]:
        """Fit untuned surrogates to the first sentences of the sample."""
        assert self._sample is not None
        assert module.predictions is not None
        sample = self._sample[:n_rows]
        seen = predict_split(module.interface, data.encoded("train").select(sample))
        train = Answered(
            read=self._read["train"].select(np.arange(len(sample))), labels=seen.labels, logits=seen.logits
        )
        validation = Answered(
            read=self._read["validation"], labels=module.predictions.labels, logits=module.predictions.logits
        )
        fits = fit_surrogates(
            train, validation, self._counter.words, None, self.settings, data.corpus.class_names
        )
        return epoch_scores(fits, validation)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Fit all surrogates of the best weights."""
        store = store_of(trainer)
        if store is None or self._sample is None:
            return
        data, model = data_of(trainer), classifier_of(pl_module).interface
        try:
            explained = evidence_of(trainer, ExplanationEvidence)
            progress = counting(trainer, "surrogates")
            answers = best_answers(trainer, pl_module)
            fits, train, validation = self._fit(model, data, answers, explained, progress)
            metrics = self._conclude(store, model, data, fits, train, validation)
        except DataError as error:
            self._leave_out(error)
            return
        if self._history:
            store.log_figure(fidelity_history(pd.DataFrame(self._history)), TOPIC, "fidelity")
        store.log_metrics(metrics, step=trainer.current_epoch)

    def _fit(
        self,
        model: ModelInterface,
        data: TextDataModule,
        answers: Answers,
        explained: ExplanationEvidence | None,
        progress: Progress,
    ) -> tuple[FittedSurrogates, Answered, Answered]:
        """Fit tuned surrogates to the whole sample."""
        assert self._sample is not None
        answered, judged = answers("train"), answers("validation")
        texts = [data.corpus.train.texts[row] for row in self._sample]
        train = Answered(
            read=self._read["train"],
            labels=answered.labels[self._sample],
            logits=answered.logits[self._sample],
        )
        validation = Answered(read=self._read["validation"], labels=judged.labels, logits=judged.logits)
        fits = fit_surrogates(
            train,
            validation,
            self._counter.words,
            _ranking(explained),
            self.settings,
            data.corpus.class_names,
            dense=self._dense(model, data),
            groups=sentence_groups(texts),
            joined=self._joined(model, data, texts),
            progress=progress,
        )
        return fits, train, validation

    def _joined(self, model: ModelInterface, data: TextDataModule, texts: list[str]) -> Unlabeled | None:
        """Return what the network says of sentences joined from two of the sample."""
        if not self.joined:
            return None
        made = joined_texts(texts, self.joined, self.seed)
        unlabeled = np.zeros(len(made), dtype=np.int64)
        return Unlabeled(self._counter.read(made), predict_split(model, data.encode(made, unlabeled)).logits)

    def _conclude(
        self,
        store: Recorder,
        model: ModelInterface,
        data: TextDataModule,
        fits: FittedSurrogates,
        train: Answered,
        validation: Answered,
    ) -> dict[str, float]:
        """Publish and log what the surrogates say, and return their scores."""
        corpus, names, show = data.corpus, data.corpus.class_names, shown_word(store)
        surrogates = fidelity_evidence(fits, validation)
        rules = rules_in_words(fits, train, validation, names, show)
        betas = coefficient_table(fits, names, show)
        tree = fits["readable", "tree"]
        everything = self._counter.read(corpus.train.texts).table(self._counter.words, tree.train.features)
        differing = {
            "train": disagreement(fits, everything, corpus.train, names, show),
            "validation": disagreement(fits, tree.validation, corpus.validation, names, show),
        }
        self.evidence = surrogate_evidence(fits, surrogates, rules, betas, differing["train"])
        seen = np.array(names, dtype=object)[validation.logits.argmax(axis=1)]
        frames = [found.table.assign(split=split) for split, found in differing.items()]
        # To ask the network about a third of all training sentences would take a tenth of an epoch.
        frames[-1]["teacher"] = seen[differing["validation"].rows]
        log_surrogates(
            store,
            fidelity=fidelity_table(fits, surrogates, validation),
            coefficients=betas,
            rules=rule_table(rules),
            disagreement=pd.concat(frames),
            influence=self._influence(fits["readable", "logistic"], train, corpus.train),
            soft_tree=self._soft_tree(store, fits, surrogates, validation),
        )
        # Those of the dense surrogates are not drawn: dimensions of states mean nothing to a reader.
        readable = betas[betas["features"] == "readable"]
        store.log_figure(coefficients(readable), TOPIC, "coefficients_readable")
        note = explained_sum(tree.train.features, show)
        cells = tree_cells(tree.surrogate, tree.train.features, show)
        store.log_figure(decision_tree(cells, names, note), TOPIC, "tree")
        store.log_figure(rule_list(rules, note), TOPIC, "rules")
        scores = epoch_scores(fits, validation)
        scores |= {
            f"agreement_dense_{s.kind}": s.agreement.estimate for s in surrogates if s.features == "dense"
        }
        scores["agreement_soft_tree"] = _soft(surrogates).agreement.estimate
        scores["student_agreement_train"] = differing["train"].share
        return {f"surrogate/best_{name}": value for name, value in scores.items()}

    def _influence(self, fit: FittedSurrogate, train: Answered, sentences: Split) -> pd.DataFrame:
        """Say which sentences the logistic surrogate rests on, where it learned from no others."""
        assert self._sample is not None
        if self.joined:
            return pd.DataFrame()
        return surrogate_rows(fit, train, self.settings, sentences.select(self._sample))

    def _soft_tree(
        self,
        store: Recorder,
        fits: FittedSurrogates,
        surrogates: Sequence[FidelityEvidence],
        validation: Answered,
    ) -> pd.DataFrame:
        """Return the soft tree's nodes; draw it where it is surely closer to the network than the tree."""
        fit, names = fits["readable", "soft_tree"], self._corpus.class_names
        cells = soft_cells(fit, shown_word(store))
        closer = _soft(surrogates).kl_below_tree
        if closer is not None and closer.low > 0:
            store.log_figure(decision_tree(cells, names, soft=True), TOPIC, "soft_tree")
        return soft_table(fit, cells, validation, names)

    def _dense(self, model: ModelInterface, data: TextDataModule) -> tuple[FeatureTable, FeatureTable] | None:
        """Return what the network computes of the first sentences of the sample, and of validation."""
        assert self._sample is not None
        if not model.capabilities.embeddings:
            _log.warning("surrogate: this model does not show its states; surrogates of them are left out")
            return None
        sample = data.encoded("train").select(self._sample[:_DENSE])
        return dense_table(model, sample), dense_table(model, data.encoded("validation"))

    def _leave_out(self, error: DataError) -> None:
        _log.warning("surrogate: there are no surrogates of this run: %s", error)
        self._sample = None

    def state_dict(self) -> dict[str, Any]:
        """Budget and scores so far: a resumed run goes on with the same."""
        return {"budget": self.budget.state(), "history": self._history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore budget and scores so far."""
        self.budget.restore(state_dict["budget"])
        self._history = state_dict["history"]


def _soft(surrogates: Sequence[FidelityEvidence]) -> FidelityEvidence:
    return next(surrogate for surrogate in surrogates if surrogate.kind == "soft_tree")


def _ranking(explained: ExplanationEvidence | None) -> ExplainedWords | None:
    """Return what the first method ranked that also says something of pairs of words."""
    for found in [] if explained is None else explained.methods.values():
        if found.vocabulary is not None and found.pairs is not None:
            return ExplainedWords(found.vocabulary, found.pairs)
    return None
