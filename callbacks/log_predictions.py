"""The predictions on validation data, epoch by epoch: what runs are compared on."""

from __future__ import annotations

import pandas as pd
import pytorch_lightning as pl

from whytrain.callbacks.access import best_answers, classifier_of, data_of, store_of
from whytrain.callbacks.observer import Observer
from whytrain.data.corpus import Corpus
from whytrain.figures.confidence.prediction_confidence import prediction_confidence
from whytrain.figures.training.confusion_matrix import confusion_matrix
from whytrain.figures.training.label_scores import label_scores
from whytrain.metrics import Scored, scores_by_label
from whytrain.runs.predictions import log_predictions
from whytrain.runs.sentences import log_sentences
from whytrain.tracking.recorder import Recorder
from whytrain.types import Predictions


class LogPredictions(Observer):
    """Logs tables of predictions, the confusion matrix and the confidence of 20 sentences, epoch by epoch.

    Of labels that do not exclude each other it logs the scores of each in place of both figures.
    """

    topic = "predictions"

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the validation sentences once; the tables of the epochs refer to them by id."""
        store, corpus = store_of(trainer), data_of(trainer).corpus
        if store is not None:
            log_sentences(store, corpus.validation, corpus.class_names, corpus.task)
            for name, split in corpus.outside.items():
                log_sentences(store, split, corpus.class_names, corpus.task, name)

    def observe(self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int) -> None:
        """Log the epoch's tables and figures."""
        store, corpus = store_of(trainer), data_of(trainer).corpus
        result = classifier_of(pl_module).predictions
        if store is None or result is None:
            return
        _log_tables(store, corpus, result, epoch)
        _log_figures(store, corpus, result, epoch)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the best epoch, whose weights the module holds by now: what the run's page shows."""
        store, corpus = store_of(trainer), data_of(trainer).corpus
        if store is None:
            return
        best = best_answers(trainer, pl_module)("validation")
        if (epoch := self.unseen_best(trainer)) is not None:
            _log_tables(store, corpus, best, epoch)
        _log_figures(store, corpus, best, None)


def _log_tables(store: Recorder, corpus: Corpus, result: Predictions, epoch: int) -> None:
    names = corpus.class_names
    log_predictions(store, corpus.validation.ids, result, names, epoch, corpus.task)
    if not corpus.task.exclusive:
        scores = pd.DataFrame({"label": names, **scores_by_label(Scored.of(result))})
        store.log_table(scores, "labels", "scores", epoch)


def _log_figures(store: Recorder, corpus: Corpus, result: Predictions, epoch: int | None) -> None:
    """Log the figures of an epoch, or of the best one where `epoch` is None."""
    names, split = corpus.class_names, corpus.validation
    if not corpus.task.exclusive:
        store.log_figure(label_scores(Scored.of(result), names), "label_scores", epoch=epoch)
        return
    predicted = result.logits.argmax(axis=1)
    store.log_figure(confusion_matrix(result.labels, predicted, names), "confusion_matrix", epoch=epoch)
    confidence = prediction_confidence(
        result.probabilities,
        result.labels,
        names,
        texts=split.texts if store.settings.log_text else None,
        ids=split.ids,
    )
    store.log_figure(confidence, "confidence", epoch=epoch)
