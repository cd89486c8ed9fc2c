"""At which epochs of a training observers look: as many as the config says, however long it is."""

from __future__ import annotations

from typing import Annotated

import pytorch_lightning as pl
from annotated_types import Ge
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.checkpoints import Checkpoints

Epochs = Annotated[int, Ge(1)] | None


class Observer(Callback):
    """Looks at a training from epoch to epoch: at epochs evenly spread over it, and always at the last one.

    Only the config decides which. An observer also looks at the best epoch, when the module holds its weights
    again: `unseen_best` says whether that is still to be done.
    """

    def __init__(self, epochs: Epochs) -> None:
        """Store how many epochs are looked at, at most; None: all."""
        self.epochs = epochs

    def observe(self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int) -> None:
        """Look at the module as it is after an epoch, from 1."""
        raise NotImplementedError

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look, if it is the epoch's turn."""
        epoch = trainer.current_epoch + 1
        if not trainer.sanity_checking and self.has_turn(trainer, epoch):
            self.observe(trainer, pl_module, epoch)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the last epoch of a training that stopped early."""
        if not self.has_turn(trainer, trainer.current_epoch):
            self.observe(trainer, pl_module, trainer.current_epoch)

    def unseen_best(self, trainer: pl.Trainer) -> int | None:
        """Return the best epoch, from 1, at the fit's end; None where it was looked at in training."""
        callbacks = trainer.callbacks  # type: ignore[attr-defined]  # Lightning leaves it untyped
        best = next((c.best_epoch for c in callbacks if isinstance(c, Checkpoints)), None)
        if best is None or best == trainer.current_epoch or self.has_turn(trainer, best):
            return None
        return best

    def has_turn(self, trainer: pl.Trainer, epoch: int) -> bool:
        """Whether an epoch, from 1, is looked at when it was trained."""
        return self.epochs is None or epoch in evenly_spread(self.epochs, trainer.max_epochs or 1)


def evenly_spread(n: int, last: int) -> set[int]:
    """Return up to n epochs from 1 to the last, evenly spread; the last one where there is one.

    >>> sorted(evenly_spread(3, 5)), evenly_spread(1, 5), evenly_spread(9, 2)
    ([2, 3, 5], {5}, {1, 2})
    """
    return {max(1, round(place * last / n)) for place in range(1, n + 1)}
