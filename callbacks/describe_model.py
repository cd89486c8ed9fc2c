"""The model of the best epoch, as people load it: weights, how to build it, its tokenizer, its confidence."""

from __future__ import annotations

from collections.abc import Mapping

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from torch import nn

from whytrain.callbacks.access import classifier_of, data_of, store_of
from whytrain.callbacks.calibrate_epoch import CalibrateEpoch
from whytrain.callbacks.describe_run import DescribeRun
from whytrain.callbacks.order import Phase
from whytrain.models.saved import SavedModel
from whytrain.pages.run_note import model_card
from whytrain.runs.model import log_model


class DescribeModel(Callback):
    """Logs the model and its checkpoint at the end of the fit, when the module holds the best weights."""

    phase = Phase.PACKAGE
    topic = "model"

    def __init__(self, record: DescribeRun, model_sizes: Mapping[str, int]) -> None:
        """Store the parts.

        Args:
            record: the run's config and, by the end of the fit, what came out of it.
            model_sizes: arguments of the model's constructor that come from the data.
        """
        self.record, self.model_sizes = record, model_sizes

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save and log the model."""
        store, data = store_of(trainer), data_of(trainer)
        if store is None:
            return
        fitted = [c.confidence for c in trainer.callbacks if isinstance(c, CalibrateEpoch)]  # type: ignore[attr-defined]  # Lightning leaves it untyped
        record, classifier = self.record, classifier_of(pl_module)
        model = classifier.model
        assert isinstance(model, nn.Module)
        saved = SavedModel(
            model=model,
            tokenizer=data.tokenizer,
            class_names=data.corpus.class_names,
            max_tokens=record.config["data"]["max_tokens"],
            confidence=fitted[0] if fitted else None,
            task=data.corpus.task,
            explainers=record.config.get("explainer") or {},
            # They are words of training texts, as often as those hold them.
            reference_words=classifier.interface.reference_words if store.settings.log_text else (),
        )
        arguments = {**record.config["model"], **self.model_sizes}
        class_path = arguments.pop("_target_")
        name = class_path.rpartition(".")[2]
        card = model_card(store.run_id, name, data.corpus, record.results, record.floors["validation"])
        log_model(store, saved, class_path=class_path, arguments=arguments, card=card)
        store.log_artifact(record.checkpoints.best, "checkpoints")
