"""Early stopping on the monitored metric."""

from __future__ import annotations

import sys
from typing import Protocol

import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping

from whytrain.callbacks.access import Monitored
from whytrain.callbacks.order import Phase


class Patient(Monitored, Protocol):
    """The part of the trainer's settings that says when to stop."""

    patience: int | None


class EarlyStop(EarlyStopping):
    """Lightning's early stopping with the trainer's settings; a patience of None never stops."""

    phase = Phase.STOP

    def __init__(self, settings: Patient) -> None:
        """Take monitor, mode and patience."""
        super().__init__(
            settings.monitor,
            mode=settings.mode,
            patience=settings.patience if settings.patience is not None else sys.maxsize,
            check_finite=False,  # the loss is checked before each step
            check_on_train_epoch_end=False,
        )

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop again a run that was killed between the decision to stop and its end."""
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience
