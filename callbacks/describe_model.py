"""The model of the best epoch, as people load it: weights, how to build it, its tokenizer, its confidence."""

from __future__ import annotations

from collections.abc import Mapping

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.access import classifier_of, data_of, store_of
from whytrain.callbacks.calibrate_epoch import CalibrateEpoch
from whytrain.callbacks.describe_run import DescribeRun
from whytrain.callbacks.order import Phase
from whytrain.models.saved import save_model
from whytrain.pages.run_note import model_card


class DescribeModel(Callback):
    """Logs the model and its checkpoint at the end of the fit, when the module holds the best weights."""

    phase = Phase.PACKAGE

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
        record, model, directory = self.record, classifier_of(pl_module).model, store.directory / "model"
        arguments = {**record.config["model"], **self.model_sizes}
        save_model(
            directory,
            model,
            arguments.pop("_target_"),
            arguments,
            data.corpus.class_names,
            data.tokenizer,
            record.config["data"]["max_tokens"],
            fitted[0] if fitted else None,
            data.corpus.task,
            record.config.get("explainer") or {},
        )
        card = model_card(store.run_id, type(model).__name__, data.corpus, record.results, record.floor)
        store.log_model(directory, card=card)
        store.log_artifact(record.checkpoints.best, "checkpoints")
