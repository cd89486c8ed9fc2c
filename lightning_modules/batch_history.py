"""What each batch of an epoch came to, left on the device that computed it until somebody reads it."""

from __future__ import annotations

import torch
from torch import Tensor


class BatchHistory:
    """Loss (nats), accuracy, seconds and number of sentences of each batch of the epoch so far."""

    def __init__(self) -> None:
        """Start with no batch."""
        self.clear()

    def clear(self) -> None:
        """Forget all batches."""
        self._read = torch.empty((0, 4), dtype=torch.float64)
        self._computed: list[Tensor] = []  # loss and accuracy of the batches that were not read yet
        self._measured: list[tuple[float, int]] = []  # their seconds and sentences

    def __len__(self) -> int:
        """Number of batches."""
        return len(self._read) + len(self._measured)

    def append(self, loss: Tensor, accuracy: Tensor, *, seconds: float, n_sentences: int) -> None:
        """Add a batch; loss and accuracy are scalars on any device, which is not waited for."""
        self._computed += (loss.detach(), accuracy)
        self._measured.append((seconds, n_sentences))

    @property
    def seconds(self) -> float:
        """Seconds of all batches; reads nothing from the device."""
        return float(self._read[:, 2].sum()) + sum(seconds for seconds, _ in self._measured)

    @property
    def table(self) -> Tensor:
        """float64 (n_batches, 4) on the CPU: loss, accuracy, seconds, sentences."""
        if self._measured:
            computed = torch.stack(self._computed).cpu().double().reshape(-1, 2)
            measured = torch.tensor(self._measured, dtype=torch.float64)
            self.restore(torch.cat([self._read, torch.cat([computed, measured], dim=1)]))
        return self._read

    def restore(self, table: Tensor) -> None:
        """Take over the batches of a table."""
        self.clear()
        self._read = table
