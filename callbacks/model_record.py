"""The model of the best epoch, as people load it: weights, how to build it, its tokenizer, its confidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from callbacks.access import classifier_of, data_of, store_of
from callbacks.calibration import Calibration
from callbacks.checkpoints import Checkpoints
from whytrain.models.saved import save_model


class ModelRecord(Callback):
    """Logs the model and its checkpoint at the end of the fit, when the module holds the best weights."""

    def __init__(self, arguments: Mapping[str, Any], max_tokens: int, checkpoints: Checkpoints) -> None:
        """Store the parts.

        Args:
            arguments: of the model's constructor, plain data, with the class as `_target_`.
            max_tokens: tokens after which a text is cut.
            checkpoints: where the best checkpoint is.
        """
        self.arguments, self.max_tokens, self.checkpoints = arguments, max_tokens, checkpoints

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save and log the model."""
        store, data = store_of(trainer), data_of(trainer)
        if store is None:
            return
        fitted = [c.confidence for c in trainer.callbacks if isinstance(c, Calibration)]  # type: ignore[attr-defined]  # Lightning leaves it untyped
        directory = store.directory / "model"
        save_model(
            directory,
            classifier_of(pl_module).model,
            self.arguments["_target_"],
            {name: value for name, value in self.arguments.items() if name != "_target_"},
            data.corpus.class_names,
            data.tokenizer,
            self.max_tokens,
            fitted[0] if fitted else None,
        )
        store.log_model(directory)
        store.log_artifact(self.checkpoints.best, "checkpoints")
