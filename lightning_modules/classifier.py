"""The LightningModule: optimization of a classifier, and its predictions on validation data."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from whytrain.errors import ConfigError, TrainingError
from whytrain.influence.row_history import RowHistory
from whytrain.lightning_modules.batch_history import BatchHistory
from whytrain.lightning_modules.finite_check import FiniteCheck, not_finite
from whytrain.metrics import evaluate
from whytrain.models.dropout import dropout_rates, ramp_dropout
from whytrain.models.interface import ModelInterface
from whytrain.models.last_layer import calls_of, last_linear
from whytrain.objectives.objective import Objective
from whytrain.optimization import OptimizerSettings, clip_gradients, make_optimizer, make_schedule
from whytrain.types import Batch, Predictions


class Classifier(pl.LightningModule):
    """Train any `model(token_ids, mask) -> logits`.

    Attributes:
        interface: the model as algorithms see it.
        predictions: those of the last evaluation, in the order of the split's rows.
        batch_history: of the batches of the epoch.
        row_history: of the rows of the train split over all epochs, from the start of the fit.
    """

    def __init__(
        self,
        interface: ModelInterface,
        *,
        objective: Objective,
        optimizer: OptimizerSettings,
        seed: int,
        positive: int = 1,
    ) -> None:
        """Store the parts.

        Args:
            interface: of the model that is trained.
            objective: what training minimizes.
            optimizer: how the weights are updated.
            seed: of dropout and masking of every step.
            positive: of two classes the one that F1, precision, recall and rankings are about.
        """
        super().__init__()
        objective.check(interface)
        self.interface = interface
        self.model = interface.module
        self.objective = objective
        self.optimizer_settings = optimizer
        self.seed = seed
        self.positive = positive
        self.predictions: Predictions | None = None
        self.batch_history = BatchHistory()
        self.row_history: RowHistory | None = None
        self._last_layers: list[nn.Linear] = []  # one or none; as an attribute it would be saved twice
        self._check_finite = FiniteCheck()
        self._evaluated: list[tuple[Tensor, Tensor, Tensor]] = []
        self._dropout_rates = dropout_rates(interface.module)
        self._last_batch_end = self._validation_start = self._validation_s = 0.0
        # DDP would send what the objective knows of the data to every process in every step; all have it.
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(  # type: ignore[no-untyped-call]  # torch has no types for it
            self, [f"objective.{name}" for name, _ in objective.named_buffers()]
        )

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Return logits (batch, n_classes)."""
        logits: Tensor = self.model(token_ids, mask)
        return logits

    # Training

    def on_fit_start(self) -> None:
        """Put modules that arrive in eval mode in train mode, and find the last layer."""
        self.model.train()
        if self.row_history is None:
            self._start_row_history()
        with suppress(ConfigError):  # a model of another form has no such layer
            self._last_layers = [last_linear(self.interface)]

    def _start_row_history(self) -> None:
        corpus = self.trainer.datamodule.corpus  # type: ignore[attr-defined]  # set by fit
        self.row_history = RowHistory(len(corpus.train), len(corpus.class_names), self.objective.task)

    def on_train_start(self) -> None:
        """Set the epoch's dropout also where a resumed run starts in mid-epoch."""
        self._start_epoch()

    def on_train_epoch_start(self) -> None:
        """Set the epoch's dropout and start its clock."""
        self._start_epoch()

    def _start_epoch(self) -> None:
        end = self.objective.settings.dropout_end
        if end is not None:
            last_epoch = max(1, (self.trainer.max_epochs or 1) - 1)
            share = min(1.0, self.current_epoch / last_epoch)
            ramp_dropout(self.model, self._dropout_rates, end, share)
        self._last_batch_end = time.perf_counter()

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Return the loss of a batch; one that is not finite ends the run before anything of it is saved."""
        if batch_index == 0:
            self.batch_history.clear()
        # Each step has its own seed: a resumed run draws what an uninterrupted one would have drawn.
        self._seed(hash((self.seed, self.global_step, self.global_rank)) & 0x7FFF_FFFF_FFFF_FFFF)
        loss: Tensor
        with calls_of(self._last_layers) as calls:
            loss, logits = self.objective(self.interface, batch)
        if self.row_history is not None:
            of_rows = calls and len(calls[0].inputs) == len(batch.rows)  # not of the windows of long texts
            rate = self.trainer.optimizers[0].param_groups[0]["lr"]
            self.row_history.add(batch.rows, logits, batch.labels, calls[0].inputs if of_rows else None, rate)
        # Of several processes all see a bad loss in the gradient norm; one that left now would be waited for.
        if self.trainer.world_size == 1:
            self._check_finite("loss", loss, **self._place())
        accuracy = self.objective.task.right(logits, batch.labels).float().mean()
        now = time.perf_counter()
        seconds, self._last_batch_end = now - self._last_batch_end, now
        self.batch_history.append(loss, accuracy, seconds=seconds, n_sentences=len(batch.labels))
        return loss

    def _seed(self, seed: int) -> None:
        # torch.manual_seed reaches for every kind of device and costs 2 ms a step on the CPU.
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by the joint norm; a gradient that is not finite ends the run as such a loss does."""
        norm = clip_gradients(
            (p for group in optimizer.param_groups for p in group["params"]), gradient_clip_val or 0.0
        )
        self._check_finite("gradient norm", norm, **self._place())

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW and its schedule over all steps of the run."""
        settings = self.optimizer_settings
        sparse = settings.sparse_embeddings
        if sparse == "auto":
            sparse = self.device.type == "cpu" and self.trainer.world_size == 1
        optimizer = make_optimizer(self.model, settings, sparse_embeddings=sparse)
        # Not trainer.estimated_stepping_batches: it sets the loaders up before a checkpoint can restore them.
        n_batches = len(self.trainer.datamodule.train_dataloader())  # type: ignore[attr-defined]  # set by fit
        schedule = make_schedule(optimizer, settings, n_batches * (self.trainer.max_epochs or 1))
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _place(self) -> dict[str, int]:
        return {"epoch": self.current_epoch + 1, "step": self.global_step + 1}

    @property
    def epoch_seconds(self) -> float:
        """Seconds that the epoch took: training and validation, without what observes them."""
        return self.batch_history.seconds + self._validation_s

    # Evaluation: every rank evaluates all rows, so nothing has to be gathered and no row counts twice.

    def on_validation_epoch_start(self) -> None:
        """Forget earlier predictions and start the clock."""
        self._check_finite.settle()
        self._validation_start, self._evaluated = time.perf_counter(), []

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Collect the logits of a batch."""
        logits = self.model(batch.token_ids, batch.mask).float()
        self._evaluated.append((batch.rows.cpu(), logits.cpu(), batch.labels.cpu()))

    def on_validation_epoch_end(self) -> None:
        """Compute `val/…` from all predictions at once; broken weights end the run before they are saved."""
        rows, logits, labels = (torch.cat(parts) for parts in zip(*self._evaluated, strict=True))
        if not logits.isfinite().all():
            raise TrainingError(not_finite("validation logits", float("nan"), **self._place()))
        order = rows.argsort()
        self._evaluated = []
        self.predictions = Predictions(
            logits=logits[order].double().numpy(), labels=labels[order].numpy(), positive=self.positive
        )
        metrics = evaluate(self.predictions)
        self.log_dict({f"val/{name}": value for name, value in metrics.items()}, logger=False)
        self._validation_s = time.perf_counter() - self._validation_start

    # A checkpoint in mid-epoch keeps what the epoch's averages need.

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the histories of the epoch's batches and of all rows so far."""
        self._check_finite.settle()
        checkpoint["batch_history"] = self.batch_history.table
        if self.row_history is not None:
            checkpoint["row_history"] = self.row_history.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore them."""
        self.batch_history.restore(checkpoint["batch_history"])
        if "row_history" in checkpoint:
            self._start_row_history()
            assert self.row_history is not None
            self.row_history.restore(checkpoint["row_history"])
