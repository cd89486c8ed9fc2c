"""Early stopping on the monitored metric."""

from __future__ import annotations

import sys
from typing import Literal, Protocol

from pytorch_lightning.callbacks import EarlyStopping


class Patient(Protocol):
    """The part of the trainer's settings that says when to stop."""

    monitor: str
    mode: Literal["max", "min"]
    patience: int | None


class EarlyStop(EarlyStopping):
    """Lightning's early stopping with the trainer's settings; a patience of None never stops."""

    def __init__(self, settings: Patient) -> None:
        """Take monitor, mode and patience."""
        super().__init__(
            settings.monitor,
            mode=settings.mode,
            patience=settings.patience if settings.patience is not None else sys.maxsize,
            check_finite=False,  # the loss is checked before each step
            check_on_train_epoch_end=False,
        )
