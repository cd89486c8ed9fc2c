"""The best and the last checkpoint, and a stop on a signal that leaves one."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.access import Monitored
from whytrain.callbacks.order import Phase
from whytrain.checkpoints import best_checkpoint, last_checkpoint
from whytrain.errors import Interrupted, ending_signals
from whytrain.tracking.settings import place, sqlite_address
from whytrain.typed_commands import typed


class Saved(Monitored, Protocol):
    """The part of the trainer's settings that says what the best epoch is and how often to save."""

    checkpoint_minutes: float


class Checkpoints(Callback):
    """Writes `last.ckpt` after every epoch and every few minutes, `best.ckpt` when the monitor improves.

    Attributes:
        best_epoch: from 1; 0 before the first validation.
        best_score: value of the monitor there, NaN if it is not defined; None before the first validation.
        best_loss: validation loss there, in nats, which decides between epochs of equal score.
    """

    phase = Phase.SAVE

    def __init__(self, run_folder: Path, settings: Saved, flush: Callable[[], None] | None) -> None:
        """Store the settings; `flush` is called before each write of `last.ckpt`."""
        self.last, self.best = last_checkpoint(run_folder), best_checkpoint(run_folder)
        self.minutes, self.monitor, self.mode = settings.checkpoint_minutes, settings.monitor, settings.mode
        self.flush = flush
        self.best_epoch = 0
        self.best_score: float | None = None
        self.best_loss = math.inf
        self._saved_at = 0.0
        self._signal: int | None = None
        self._handlers: dict[int, Any] = {}
        self._is_trained = False

    # Signals: the first asks for a stop at the next batch, where weights and optimizer agree; the second
    # Ctrl-C stops at once, and so does any signal once training is over and its last checkpoint is written.

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Take over SIGINT and the signals that end a process while fitting."""
        if stage == "fit":
            for number in (signal.SIGINT, *ending_signals()):
                self._handlers[number] = signal.signal(number, self._on_signal)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Give the signals back."""
        self._restore_handlers()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Give the signals back."""
        self._restore_handlers()

    def _restore_handlers(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._signal is not None and number == signal.SIGINT:
            raise Interrupted(number)
        self._signal = number
        if self._is_trained:
            raise self._interrupted()

    def _interrupted(self) -> Interrupted:
        run_folder = self.last.parent.parent
        where = place(sqlite_address(run_folder.absolute().parents[1] / "mlflow.db"))
        again = f"go on with: {typed('train')} resume={run_folder.name}{where}"
        return Interrupted(self._signal or signal.SIGTERM, again)

    # Checkpoints

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock of the interval."""
        self._saved_at = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save when the interval is over, and stop when asked to."""
        if trainer.is_last_batch:
            return  # the epoch's own checkpoint follows
        stop = _any_rank(trainer, self._signal is not None)
        if stop or _any_rank(trainer, time.monotonic() - self._saved_at >= 60 * self.minutes):
            self._save_last(trainer)
        if stop:
            raise self._interrupted()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the epoch's weights if they are the best so far: of equal scores those with the lower loss.

        Of equals in both the first stays. Where the monitor is not defined (NaN, as the AUROC of one class),
        the last epoch is kept until one has a value.
        """
        score, loss = (float(trainer.callback_metrics[name]) for name in (self.monitor, "val/loss"))
        sign = 1 if self.mode == "max" else -1
        if self.best_score is None or math.isnan(self.best_score):
            is_best = True
        else:
            gain = sign * (score - self.best_score)
            is_best = gain > 0 or (gain == 0 and loss < self.best_loss)
        if is_best:
            self.best_score, self.best_loss, self.best_epoch = score, loss, trainer.current_epoch + 1
            trainer.save_checkpoint(self.best, weights_only=True)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save, after validation and after what the other callbacks logged about it."""
        self._save_last(trainer)
        if _any_rank(trainer, self._signal is not None):
            raise self._interrupted()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let signals stop at once what is drawn and logged at the end."""
        self._is_trained = True

    def _save_last(self, trainer: pl.Trainer) -> None:
        if self.flush is not None:
            self.flush()
        trainer.save_checkpoint(self.last)
        self._saved_at = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        """The best epoch so far."""
        return {"best_epoch": self.best_epoch, "best_score": self.best_score, "best_loss": self.best_loss}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best epoch so far."""
        self.best_epoch, self.best_score = state_dict["best_epoch"], state_dict["best_score"]
        self.best_loss = state_dict["best_loss"]


def _any_rank(trainer: pl.Trainer, decision: bool) -> bool:
    """Whether any process decides so: all save or stop at the same batch, or they wait for each other."""
    if trainer.world_size == 1:
        return decision
    return bool(trainer.strategy.reduce_boolean_decision(decision, all=False))
