"""The predictions on validation data, epoch by epoch: what runs are compared on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.access import classifier_of, data_of, store_of
from whytrain.data.corpus import Split
from whytrain.figures.confidence.prediction_confidence import prediction_confidence
from whytrain.figures.training.confusion_matrix import confusion_matrix
from whytrain.types import Predictions as Result


class Predictions(Callback):
    """Logs a table of predictions per epoch, the confusion matrix and the confidence of 20 sentences."""

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the validation sentences once; the tables of the epochs refer to them by id."""
        store, corpus = store_of(trainer), data_of(trainer).corpus
        if store is not None:
            split = corpus.validation
            names = np.array(corpus.class_names)
            frame = pd.DataFrame({"id": split.ids, "text": split.texts, "label": names[split.labels]})
            store.log_table(frame, "data", "validation", text_columns=("text",))

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the epoch's table and figures."""
        store, corpus = store_of(trainer), data_of(trainer).corpus
        result = classifier_of(pl_module).predictions
        if store is None or result is None:
            return
        epoch, names, split = trainer.current_epoch + 1, corpus.class_names, corpus.validation
        store.log_table(prediction_table(split, result, names), "predictions", epoch=epoch)
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


def prediction_table(split: Split, result: Result, class_names: tuple[str, ...]) -> pd.DataFrame:
    """One row per sentence: id, label, prediction, whether it is right, probabilities and logits by class."""
    predicted = result.logits.argmax(axis=1)
    names = np.array(class_names)
    columns: dict[str, Any] = {
        "id": split.ids,
        "label": names[result.labels],
        "prediction": names[predicted],
        "right": predicted == result.labels,
    }
    columns |= {f"probability_{name}": p for name, p in zip(class_names, result.probabilities.T, strict=True)}
    columns |= {f"logit_{name}": z for name, z in zip(class_names, result.logits.T, strict=True)}
    return pd.DataFrame(columns)
