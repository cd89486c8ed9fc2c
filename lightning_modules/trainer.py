"""The Lightning Trainer with this project's choices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import pytorch_lightning as pl
import torch
from annotated_types import Ge, Gt
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger

from whytrain.errors import ConfigError
from whytrain.lightning_modules.checkpoint_io import AtomicCheckpointIO
from whytrain.lightning_modules.data import TextData
from whytrain.metrics import MONITORED, monitored

if TYPE_CHECKING:
    Monitor = str
else:
    Monitor = Literal[tuple(MONITORED)]
Precision = Literal["32-true", "bf16-mixed", "64-true"]


@dataclass(frozen=True, kw_only=True)
class TrainerSettings:
    """How long, on what and how precisely to train.

    Attributes:
        max_epochs: epochs; None: as few as the two below ask for.
        min_epochs: epochs at least, where max_epochs does not say how many.
        min_steps: optimizer steps at least, likewise: small data is gone through more often.
        accelerator: which kind of device.
        devices: how many of them.
        strategy: `ddp` for several processes.
        precision: of the arithmetic; weights stay in 32 bits unless it says `64-true`.
        gradient_clip: largest joint norm of the gradients; 0 leaves them.
        checkpoint_minutes: longest training time that a killed run can lose, in minutes.
        monitor: the metric that decides which epoch is the best.
        patience: epochs without a better value before training stops; None: never.

    Raises:
        ConfigError: the accelerator is not on this machine, or not that often.
    """

    max_epochs: Annotated[int, Ge(1)] | None
    min_epochs: Annotated[int, Ge(1)]
    min_steps: Annotated[int, Ge(0)]
    accelerator: Literal["auto", "cpu", "gpu", "mps"]
    devices: Annotated[int, Ge(1)] | Literal["auto"]
    strategy: Literal["auto", "ddp"]
    precision: Precision
    gradient_clip: Annotated[float, Ge(0)]
    checkpoint_minutes: Annotated[float, Gt(0)]
    monitor: Monitor
    patience: Annotated[int, Ge(1)] | None

    def __post_init__(self) -> None:
        """Refuse what is not on this machine before anything is written."""
        if self.accelerator == "mps" and not torch.backends.mps.is_available():
            raise ConfigError("trainer.accelerator=mps, but torch sees no Apple GPU here; use cpu")
        if self.accelerator != "gpu":
            return
        n_gpus = torch.cuda.device_count()
        if n_gpus == 0:
            raise ConfigError(
                "trainer.accelerator=gpu, but torch sees no GPU here; use trainer=default for the CPU, or "
                "install a torch build for your GPU"
            )
        if self.devices != "auto" and self.devices > n_gpus:
            raise ConfigError(f"trainer.devices={self.devices}, but torch sees {n_gpus} GPUs here; use auto")

    def n_epochs(self, steps_per_epoch: int) -> int:
        """Return how many epochs to train; the schedules of learning rate and dropout end with them."""
        if self.max_epochs is not None:
            return self.max_epochs
        return max(self.min_epochs, math.ceil(self.min_steps / steps_per_epoch))

    @property
    def mode(self) -> Literal["max", "min"]:
        """Whether more of the monitored metric is better."""
        return monitored(self.monitor).mode

    @property
    def device(self) -> torch.device:
        """Where a model that is only asked computes."""
        if self.accelerator in ("auto", "gpu") and torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if self.accelerator == "mps" else "cpu")


def make_trainer(
    settings: TrainerSettings, data: TextData, callbacks: list[Callback], logger: Logger | None
) -> pl.Trainer:
    """Build the Trainer; checkpoints, progress and logging are the callbacks' and the logger's.

    Args:
        settings: how long, on what and how precisely.
        data: after `setup`; its size and the least number of steps decide how many epochs there are.
        callbacks: in their order.
        logger: None logs nothing.
    """
    n_ranks = settings.devices if isinstance(settings.devices, int) else 1
    return pl.Trainer(
        max_epochs=settings.n_epochs(data.steps_per_epoch(n_ranks)),
        accelerator=settings.accelerator,
        devices=settings.devices,
        strategy=settings.strategy,
        precision=settings.precision,
        gradient_clip_val=settings.gradient_clip,
        callbacks=callbacks,
        logger=logger if logger is not None else False,
        plugins=[AtomicCheckpointIO()],
        log_every_n_steps=0,  # the history callback logs the batches
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
