"""Stopping a job that a hyper-parameter search gives up."""

from __future__ import annotations

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.access import Monitored, store_of
from whytrain.callbacks.order import Phase
from whytrain.sweeps.trial import PRUNED, current_trial


class Prune(Callback):
    """Reports the monitored metric after every epoch, and stops when the search says so; else it rests."""

    phase = Phase.STOP

    def __init__(self, settings: Monitored) -> None:
        """Take the monitor."""
        self.monitor, self.trial = settings.monitor, current_trial()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report; the run then ends as one that has trained long enough, marked as pruned."""
        if self.trial is None:
            return
        epoch = trainer.current_epoch + 1
        give_up = trainer.is_global_zero and self.trial.report(
            float(trainer.callback_metrics[self.monitor]), epoch
        )
        if trainer.world_size > 1:
            give_up = bool(trainer.strategy.reduce_boolean_decision(give_up, all=False))
        if give_up:
            trainer.should_stop = True
            if (store := store_of(trainer)) is not None:
                store.set_tags({PRUNED: f"epoch {epoch}"})
