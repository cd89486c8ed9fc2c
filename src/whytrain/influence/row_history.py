r"""What the network said of each training row whenever training came by: recorded at no cost.

With η_t the learning rate of the steps t in which a row takes part, p_t its probabilities there, e_t the
gradient of its loss with respect to the logits and h_t what the last layer was given:

    probabilities    Σ η_t p_t / Σ η_t        before it was learned by heart, and after
    self-influence   Σ η_t ‖e_t‖² ‖h_t‖²      TracIn of the row with itself, step by step, in the last layer

References:
    Swayamdipta et al. (2020), Dataset cartography: mapping and diagnosing datasets with training dynamics;
    Pruthi et al. (2020), Estimating training data influence by tracing gradient descent, equation 1.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whytrain.tasks import Task


class RowHistory:
    """Sums over the steps in which each of the first n rows took part, on the device of the training."""

    def __init__(self, n_rows: int, n_classes: int, task: Task) -> None:
        """Start with no step."""
        self._task = task
        self._sums = torch.zeros(n_rows, n_classes)
        self._rates = torch.zeros(n_rows)
        self._influence = torch.zeros(n_rows)
        self._has_inputs = True

    def add(self, rows: Tensor, logits: Tensor, labels: Tensor, inputs: Tensor | None, rate: float) -> None:
        """Add a step.

        Args:
            rows: int64 (batch,); those behind the first n are left out.
            logits: (batch, n_classes), of the step.
            labels: (batch,) or (batch, n_labels).
            inputs: (batch, size), what the last layer was given; None where nobody knows.
            rate: the step's learning rate.
        """
        self._to(logits.device)
        own = rows.to(logits.device) < len(self._rates)
        place = rows.to(logits.device)[own]
        logits = logits.detach()[own].float().requires_grad_()
        with torch.enable_grad():
            loss = self._task.loss(logits, labels.to(logits.device)[own], 0.0).sum()
            (errors,) = torch.autograd.grad(loss, logits)
        answers = logits.detach().softmax(dim=1) if self._task.exclusive else logits.detach().sigmoid()
        self._sums.index_add_(0, place, rate * answers)
        self._rates.index_add_(0, place, torch.full_like(errors[:, 0], rate))
        if inputs is None:
            self._has_inputs = False
        else:
            sizes = inputs.detach()[own].float().square().sum(dim=1) + 1
            self._influence.index_add_(0, place, rate * errors.square().sum(dim=1) * sizes)

    @property
    def probabilities(self) -> NDArray[np.float64] | None:
        """float64 (n_rows, n_classes); None where some row was never seen, as in one of several processes."""
        if not bool((self._rates > 0).all()):
            return None
        return (self._sums / self._rates[:, None]).double().cpu().numpy()

    @property
    def self_influence(self) -> NDArray[np.float64] | None:
        """float64 (n_rows,); None likewise, and where the inputs of the last layer are not known."""
        if not self._has_inputs or not bool((self._rates > 0).all()):
            return None
        return self._influence.double().cpu().numpy()

    def state(self) -> dict[str, Tensor]:
        """Everything, for a checkpoint."""
        return {
            "sums": self._sums.cpu(),
            "rates": self._rates.cpu(),
            "influence": self._influence.cpu(),
            "has_inputs": torch.tensor(self._has_inputs),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what a checkpoint holds."""
        self._sums, self._rates, self._influence = (
            state[name].clone() for name in ("sums", "rates", "influence")
        )
        self._has_inputs = bool(state["has_inputs"])

    def _to(self, device: torch.device) -> None:
        if self._rates.device != device:
            sums = (self._sums, self._rates, self._influence)
            self._sums, self._rates, self._influence = (values.to(device) for values in sums)
