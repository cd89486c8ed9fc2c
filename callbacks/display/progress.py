"""What a run is doing, at any time: bars on a terminal, else one line per epoch and per step of its end.

A step of the end that takes long says in further lines how far it is.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from rich.console import Console

from whytrain.callbacks.access import Counted, classifier_of, data_of, store_of
from whytrain.callbacks.display.bars import Bars
from whytrain.callbacks.display.time_left import TimeLeft
from whytrain.callbacks.observer import Observer
from whytrain.callbacks.order import Phase, phase_of
from whytrain.callbacks.spent import END, EPOCH, topic_of
from whytrain.counted import counted
from whytrain.data.unread import told
from whytrain.pages.console import opening_table, run_facts

REFRESH_S = 0.1
LINE_S = 10.0  # seconds between two lines about one step of the end
_QUICK = (Phase.SHOW, Phase.STOP)  # what they do takes no time


class ProgressBars(Callback):
    """Shows what is trained, then steps, loss, validation accuracy, what is observed, and the time left.

    Attributes:
        evidence: lets observers say how much of what they do is done, see `access.counting`.
    """

    phase = Phase.SHOW

    def __init__(self, console: Console) -> None:
        """Write to this console."""
        self.console = console
        self.evidence = Counted(self._count)
        self._bars: Bars | None = None
        self._shown_at = 0.0
        self._step = ""  # of the end, as its line says it
        self._steps_per_epoch = 0
        self._left: TimeLeft
        self._ends: list[str] = []  # what is done at the end, in this order

    def announced(self, callbacks: Sequence[Callback]) -> list[Callback]:
        """Return the same callbacks; what they do between and behind the epochs is shown."""
        for callback in (c for c in callbacks if phase_of(c) not in _QUICK):
            topic = topic_of(callback)
            for name, announce in ((EPOCH, self._between), (END, self._behind)):
                if getattr(type(callback), name) is not getattr(Callback, name):
                    hook = getattr(callback, name)
                    setattr(callback, name, _announced(hook, functools.partial(announce, topic)))
                    self._ends += [topic] if name == END else []
        return list(callbacks)

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print run, model, data and device."""
        store, data = store_of(trainer), data_of(trainer)
        if store is not None:
            device = (
                f"{trainer.world_size} × {trainer.strategy.root_device}, {trainer.precision}, "
                f"{counted(torch.get_num_threads(), 'thread')}"
            )
            model = classifier_of(pl_module).model
            facts = run_facts(store.run_name, model, data.corpus, data.tokenizer, device, store.directory)
            facts["texts read"] = told(data.unread)
            self.console.print(opening_table(facts, data.corpus.notices))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the bars, those of a resumed run where it stopped."""
        self._steps_per_epoch = int(trainer.num_training_batches)
        n_epochs = trainer.max_epochs or 1
        observers = [c for c in trainer.callbacks if isinstance(c, Observer)]  # type: ignore[attr-defined]  # Lightning leaves it untyped
        is_observed = [any(o.has_turn(trainer, epoch + 1) for o in observers) for epoch in range(n_epochs)]
        self._left = TimeLeft(self._steps_per_epoch, is_observed)
        if trainer.is_global_zero and self.console.is_terminal:
            self._bars = Bars(self.console, n_epochs * self._steps_per_epoch, self._left)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the epoch's clock."""
        self._left.start_epoch(trainer.current_epoch, time.monotonic())

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the bars, a few times per second at most."""
        now = time.monotonic()
        if self._bars is None or (now - self._shown_at < REFRESH_S and not trainer.is_last_batch):
            return
        self._shown_at = now
        self._left.step(batch_idx + 1, now)
        loss, accuracy, *_ = classifier_of(pl_module).batch_history.table[-1].tolist()
        self._bars.train(
            f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}",
            batch_idx + 1,
            self._steps_per_epoch,
            trainer.current_epoch * self._steps_per_epoch + batch_idx + 1,
            f"loss {loss:.3f}, accuracy {accuracy:.2f}",
        )

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say that the epoch is judged."""
        self._between("validation")

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count the batches."""
        self._count(batch_idx + 1, int(trainer.num_val_batches[0]), "batches")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say how the epoch ended."""
        if not trainer.is_global_zero:
            return
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.console.print(
            f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}  val/accuracy "
            f"{metrics['val/accuracy']:.3f}  val/loss {metrics['val/loss']:.3f}  "
            f"val/f1 {metrics['val/f1']:.3f}  val/ece {metrics['val/ece']:.3f}",
            highlight=False,
        )

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Stop the bars: all is done."""
        if self._bars is not None and self._ends:
            self._bars.end(len(self._ends), len(self._ends))
        self._stop()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Stop the bars."""
        self._stop()

    def _between(self, topic: str) -> None:
        """Say what is done between two epochs."""
        if self._bars is not None:
            self._bars.stage(topic)

    def _behind(self, topic: str) -> None:
        """Say what is done at the end."""
        place = self._ends.index(topic)
        if self._bars is not None:
            self._bars.end(place, len(self._ends))
            self._bars.stage(topic)
        else:
            self._step = f"end of run {place + 1}/{len(self._ends)}  {topic}"
            self._shown_at = time.monotonic()
            self.console.print(self._step, highlight=False)

    def _count(self, done: int, of: int | None, what: str) -> None:
        if self._bars is not None:
            self._bars.count(done, of, what)
        elif self._step and of is not None and (now := time.monotonic()) - self._shown_at >= LINE_S:
            self._shown_at = now
            self.console.print(f"{self._step}: {done:,}/{of:,} {what}", highlight=False)

    def _stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


def _announced(hook: Callable[..., None], announce: Callable[[], None]) -> Callable[..., None]:
    @functools.wraps(hook)
    def run(trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.is_global_zero:
            announce()
        hook(trainer, pl_module)

    return run
