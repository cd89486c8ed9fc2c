"""Progress bars of epochs and batches; one line per epoch where the output is no terminal."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from whytrain.callbacks.access import classifier_of, data_of, store_of
from whytrain.callbacks.order import Phase
from whytrain.data.unread import told
from whytrain.pages.console import opening_table, run_facts
from whytrain.presentation.wording import counted

REFRESH_S = 0.1
_BESIDES = 72  # characters of a line beside its bar; where they do not fit, the note is left out


class ProgressBars(Callback):
    """Shows what is trained, then epoch, batch, loss, validation accuracy and the time that is left."""

    phase = Phase.SHOW

    def __init__(self, console: Console) -> None:
        """Write to this console."""
        self.console = console
        self._bars: Progress | None = None
        self._shown_at = 0.0
        self._steps_per_epoch = 0
        self._accuracy = ""

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
        if not (trainer.is_global_zero and self.console.is_terminal):
            return
        self._bars = _bars(self.console)
        n_epochs = trainer.max_epochs or 1
        self._run = self._bars.add_task("training", total=n_epochs * self._steps_per_epoch, note="")
        self._epoch = self._bars.add_task("epoch", total=self._steps_per_epoch, note="")
        self._bars.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the bars, a few times per second at most."""
        now = time.monotonic()
        if self._bars is None or (now - self._shown_at < REFRESH_S and not trainer.is_last_batch):
            return
        self._shown_at = now
        loss, accuracy, *_ = classifier_of(pl_module).batch_history.table[-1].tolist()
        self._bars.update(
            self._epoch,
            completed=batch_idx + 1,
            description=f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}",
            note=f"loss {loss:.3f}, accuracy {accuracy:.2f}",
        )
        done = trainer.current_epoch * self._steps_per_epoch + batch_idx + 1
        self._bars.update(self._run, completed=done, note=self._accuracy)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say how the epoch ended."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self._accuracy = f"val/accuracy {metrics['val/accuracy']:.3f}"
        if not trainer.is_global_zero:
            return
        self.console.print(
            f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}  {self._accuracy}  "
            f"val/loss {metrics['val/loss']:.3f}  val/f1 {metrics['val/f1']:.3f}  "
            f"val/ece {metrics['val/ece']:.3f}",
            highlight=False,
        )

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show that the run goes on: what observes the best weights comes behind this one."""
        if self._bars is not None:
            self._bars.add_task("best epoch", total=None, note="explained, drawn, written")

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Stop the bars."""
        self._stop()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Stop the bars."""
        self._stop()

    def _stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


class _Count(ProgressColumn):
    """Steps done of all, where their number is known."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")


class _TimeLeft(ProgressColumn):
    """Time that is left, where it can be told."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        seconds = task.time_remaining
        return Text(f"left {timedelta(seconds=math.ceil(seconds))}" if seconds else "")


def _bars(console: Console) -> Progress:
    """Return bars that fit on a line of the terminal."""
    room = console.width - _BESIDES
    notes = [TextColumn("{task.fields[note]}")] if room > 0 else []
    return Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(min(40, max(4, room))),
        _Count(),
        *notes,
        TimeElapsedColumn(),
        _TimeLeft(),
        console=console,
        refresh_per_second=5,
    )
