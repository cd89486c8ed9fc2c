"""The metrics of every epoch and of every batch, and the figures of how training went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.access import classifier_of, store_of
from whytrain.callbacks.order import Phase
from whytrain.diagnosis.evidence import HistoryEvidence
from whytrain.figures.training.batch_history import batch_history
from whytrain.figures.training.training_history import training_history
from whytrain.metrics import METRICS, Metric, Scored
from whytrain.metrics.multilabel import label_nll
from whytrain.types import Figure, Predictions

BATCH_COLUMNS = ("loss", "accuracy", "seconds", "sentences")


class History(Callback):
    """Logs `train/…`, `val/…` and `time/…` once per epoch, and a table of the epoch's batches.

    Attributes:
        epochs: the metrics of each epoch so far, with `epoch` from 1.
        evidence: how the losses went, for the diagnosis.
    """

    phase = Phase.MEASURE

    def __init__(self) -> None:
        """Start with no epoch."""
        self.epochs: list[dict[str, float]] = []
        self._batches: list[torch.Tensor] = []
        self._losses: list[torch.Tensor] = []  # of each validation sentence: lowest epoch so far, last epoch
        self._halfway: torch.Tensor | None = None  # the same when half of the epochs are over
        self._lowest_epoch = 0
        self._tracking_s = 0.0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the epoch's metrics and its table of batches."""
        module = classifier_of(pl_module)
        batches = module.batch_history.table
        totals = torch.stack(
            [batches[:, :2].T @ batches[:, 3], batches[:, 3].sum().expand(2)]  # weighted by sentences
        )
        totals = trainer.strategy.reduce(totals.to(pl_module.device), reduce_op="sum").cpu()
        loss, accuracy = (totals[0] / totals[1]).tolist()
        epoch = trainer.current_epoch + 1
        metrics = {"epoch": float(epoch), "train/loss": loss, "train/accuracy": accuracy}
        metrics |= {name: float(v) for name, v in trainer.callback_metrics.items() if name.startswith("val/")}
        metrics["time/epoch_s"] = module.epoch_seconds
        self._batches.append(batches)
        if (store := store_of(trainer)) is not None:
            store.log_table(_batch_frame(epoch, batches), "history", "batches", epoch)
            metrics["time/tracking_s"], self._tracking_s = store.seconds - self._tracking_s, store.seconds
            store.log_metrics({name: v for name, v in metrics.items() if name != "epoch"}, step=epoch)
        self.epochs.append(metrics)
        self._remember_losses(module.predictions, epoch, trainer.max_epochs or epoch)

    def _remember_losses(self, predictions: Predictions | None, epoch: int, n_epochs: int) -> None:
        assert predictions is not None
        losses = torch.from_numpy(_losses(predictions))
        if not self._losses or losses.mean() < self._losses[0].mean():
            self._lowest_epoch, self._losses = epoch, [losses]
        self._losses = [self._losses[0], losses]
        if epoch == (n_epochs + 1) // 2 < n_epochs:
            self._halfway = losses

    @property
    def evidence(self) -> HistoryEvidence | None:
        """How the losses went; None before the first epoch."""
        if not self._losses:
            return None
        lowest, last = (losses.numpy() for losses in self._losses)
        train = np.array([row["train/loss"] for row in self.epochs])
        last_epoch = self.epochs[-1]
        return HistoryEvidence(
            train_loss=train,
            lowest_epoch=self._lowest_epoch,
            lowest=lowest,
            last=last,
            halfway=None if self._halfway is None else self._halfway.numpy(),
            train_accuracy=last_epoch["train/accuracy"],
            validation_accuracy=last_epoch["val/accuracy"],
            n_steps=sum(len(batches) for batches in self._batches),
        )

    def figures(
        self, best_epoch: int, floor_accuracy: float | None, metrics: Sequence[Metric] = METRICS
    ) -> dict[str, Figure]:
        """The figures of the whole run, by name; `metrics` are those of the task."""
        frames = [_batch_frame(number, batches) for number, batches in enumerate(self._batches, start=1)]
        return {
            "training": training_history(
                pd.DataFrame(self.epochs), best_epoch, floor_accuracy, metrics=metrics
            ),
            "batches": batch_history(pd.concat(frames)),
        }

    def state_dict(self) -> dict[str, Any]:
        """All epochs so far: figures of a resumed run show the whole run."""
        return {
            "epochs": self.epochs,
            "batches": self._batches,
            "losses": self._losses,
            "halfway": self._halfway,
            "lowest_epoch": self._lowest_epoch,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the epochs so far."""
        self.epochs, self._batches = state_dict["epochs"], state_dict["batches"]
        self._losses, self._lowest_epoch = state_dict["losses"], state_dict["lowest_epoch"]
        self._halfway = state_dict["halfway"]


def _losses(predictions: Predictions) -> NDArray[np.float64]:
    """Return the loss of each row, in nats."""
    if not predictions.exclusive:
        return label_nll(Scored.of(predictions))
    own = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
    return -np.log(np.maximum(own, np.finfo(np.float64).tiny))


def _batch_frame(epoch: int, batches: torch.Tensor) -> pd.DataFrame:
    frame = pd.DataFrame(batches.numpy(), columns=list(BATCH_COLUMNS)).astype({"sentences": "int64"})
    frame.insert(0, "batch", range(1, len(frame) + 1))
    frame.insert(0, "epoch", epoch)
    return frame
