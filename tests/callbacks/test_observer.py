"""Which epochs observers look at: as many as the config says, and always the last and the best."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from whytrain.callbacks.checkpoints import Checkpoints
from whytrain.callbacks.observer import Epochs, Observer


class Notes(Observer):
    """Notes the epochs that it looks at, and the best one if that is still to be looked at."""

    def __init__(self, epochs: Epochs) -> None:
        super().__init__(epochs)
        self.seen: list[int] = []
        self.best: int | None = None

    def observe(self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int) -> None:
        self.seen.append(epoch)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.best = self.unseen_best(trainer)


class StopAt(pl.Callback):
    """Ends the training behind an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        trainer.should_stop = trainer.current_epoch + 1 == self.epoch


class Line(pl.LightningModule):
    """The smallest module that Lightning trains; its scores by epoch are given."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.weight, self.scores = torch.nn.Parameter(torch.ones(1)), scores

    def training_step(self, batch: torch.Tensor, _: int) -> torch.Tensor:
        return (self.weight * batch).sum()

    def validation_step(self, batch: torch.Tensor, _: int) -> None:
        score = self.scores[self.current_epoch] if self.current_epoch < len(self.scores) else 0.0
        self.log_dict({"val/accuracy": score, "val/loss": 1.0})

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fitted(tmp_path: Path, epochs: Epochs, *scores: float, n_epochs: int = 6, stop: int = 0) -> Notes:
    settings: Any = SimpleNamespace(checkpoint_minutes=60.0, monitor="val/accuracy", mode="max")
    notes = Notes(epochs)
    trainer = pl.Trainer(
        max_epochs=n_epochs,
        accelerator="cpu",
        callbacks=[notes, StopAt(stop), Checkpoints(tmp_path, settings, flush=None)],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
    )
    rows = DataLoader([torch.ones(1)])
    trainer.fit(Line(list(scores)), rows, rows)
    return notes


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*log_every_n_steps.*")
class TestObserver:
    """In real fits: Lightning decides what its epochs are called when."""

    def test_epochs_are_spread_and_the_best_is_looked_at_later(self, tmp_path: Path) -> None:
        notes = fitted(tmp_path, 3, 0.1, 0.2, 0.9, 0.1)
        assert (notes.seen, notes.best) == ([2, 4, 6], 3)

    def test_the_best_is_not_looked_at_twice(self, tmp_path: Path) -> None:
        assert fitted(tmp_path, 3, 0.1, 0.9).best is None
        assert fitted(tmp_path, 3, 0.1, 0.2, 0.2, 0.2, 0.2, 0.9).best is None

    def test_the_last_epoch_of_a_training_that_stops_early_is_looked_at(self, tmp_path: Path) -> None:
        notes = fitted(tmp_path, 2, 0.1, 0.9, stop=5)
        assert (notes.seen, notes.best) == ([3, 5], 2)
        notes = fitted(tmp_path, 2, 0.1, 0.2, 0.3, 0.4, 0.9, stop=5)
        assert (notes.seen, notes.best) == ([3, 5], None)

    def test_as_many_as_there_are_or_more_are_all(self, tmp_path: Path) -> None:
        for epochs in (None, 6, 10):
            notes = fitted(tmp_path, epochs, 0.1, 0.9)
            assert (notes.seen, notes.best) == ([1, 2, 3, 4, 5, 6], None)
