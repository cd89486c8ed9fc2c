"""The weights of a few epochs, for questions about how a model was trained."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pytorch_lightning as pl
from annotated_types import Ge
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.access import classifier_of, store_of
from whytrain.callbacks.observer import evenly_spread
from whytrain.runs.checkpoints import log_weights


class KeepWeights(Callback):
    """Keeps the weights of some epochs, evenly spread, the last one among them.

    Each stands for the steps since the one before, with the mean of their learning rates.
    """

    topic = "weights"

    def __init__(self, *, epochs: Annotated[int, Ge(0)], megabytes: Annotated[float, Ge(0)]) -> None:
        """Store the settings.

        Args:
            epochs: how many are kept at most.
            megabytes: what they may take together: of a larger model fewer are kept, or none.
        """
        self.epochs, self.megabytes = epochs, megabytes
        self._rates: list[float] = []  # of the steps since the weights that were kept last
        self._kept: set[int] = set()

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Choose the epochs."""
        state = classifier_of(pl_module).model.state_dict()
        size = sum(values.numel() * values.element_size() for values in state.values()) / 1e6
        n = min(self.epochs, int(self.megabytes / size)) if size else 0
        self._kept = evenly_spread(n, trainer.max_epochs or 1)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Note the learning rate."""
        self._rates.append(trainer.optimizers[0].param_groups[0]["lr"])

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the weights of a chosen epoch."""
        store, epoch = store_of(trainer), trainer.current_epoch + 1
        if store is None or trainer.sanity_checking or epoch not in self._kept:
            return
        log_weights(store, epoch, classifier_of(pl_module).model, float(np.mean(self._rates)))
        self._rates = []

    def state_dict(self) -> dict[str, Any]:
        """The learning rates so far."""
        return {"rates": self._rates}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore them."""
        self._rates = list(state_dict["rates"])
