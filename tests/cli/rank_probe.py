"""A callback that writes down what each process of a distributed run saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.callbacks import Callback


class RankProbe(Callback):
    """Writes rank-N.pt: the rows of every batch by epoch, and the final weights."""

    def __init__(self) -> None:
        """Start with no batch."""
        self.rows: list[list[list[int]]] = []

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin an epoch."""
        self.rows.append([])

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Note a batch."""
        self.rows[-1].append(batch.rows.tolist())

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Write everything down."""
        seen = {"rows": self.rows, "weights": pl_module.model.state_dict()}
        torch.save(seen, Path(f"rank-{trainer.global_rank}.pt"))
