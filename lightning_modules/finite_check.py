"""Losses and gradients that are not finite end a run, without every step waiting for the device."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from whytrain.errors import TrainingError


class _Seen(NamedTuple):
    what: str
    value: Tensor
    epoch: int
    step: int
    is_copied: torch.cuda.Event | None


class FiniteCheck:
    """Looks at every loss and gradient norm: on the CPU at once, elsewhere when the next step has begun.

    A step on the CPU is so never taken with a value that is not finite. Elsewhere it is, but `settle`, before
    anything is saved, sees to it that nothing of it stays.
    """

    def __init__(self) -> None:
        """Start with nothing to look at."""
        self._waiting: list[_Seen] = []

    def __call__(self, what: str, value: Tensor, *, epoch: int, step: int) -> None:
        """Look at a scalar, or remember to.

        Args:
            what: how the error calls it.
            value: on any device.
            epoch: from 1.
            step: optimizer step of the run, from 1; steps come in order.

        Raises:
            TrainingError: this value is not finite, or one of a step before.
        """
        value, event = value.detach(), None
        if value.is_cuda:
            value = value.to("cpu", non_blocking=True)
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]  # torch has no types for it
            event.record()
        is_free = value.device.type == "cpu" and event is None
        self._waiting.append(_Seen(what, value, epoch, step, event))
        self._look(step if is_free else step - 1)

    def settle(self) -> None:
        """Look at all that is left.

        Raises:
            TrainingError: something of it is not finite.
        """
        if self._waiting:
            self._look(self._waiting[-1].step)

    def _look(self, last_step: int) -> None:
        due = [seen for seen in self._waiting if seen.step <= last_step]
        self._waiting = self._waiting[len(due) :]
        for seen in due:
            if seen.is_copied is not None:
                seen.is_copied.synchronize()
            value = float(seen.value)
            if not math.isfinite(value):
                raise TrainingError(not_finite(seen.what, value, epoch=seen.epoch, step=seen.step))


def not_finite(what: str, value: float, *, epoch: int, step: int) -> str:
    """Say that something is not finite, and what to do."""
    return (
        f"the {what} became {value} in epoch {epoch}, step {step}; nothing of it was saved, an earlier "
        "checkpoint is good: lower optimizer.learning_rate or trainer.gradient_clip, or use "
        "trainer.precision=32-true"
    )
