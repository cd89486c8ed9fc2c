"""Which output of a model is explained: the target (also: output, payoff, value function)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp
from torch import Tensor

from whytrain.errors import ConfigError
from whytrain.types import Payoff

UNITS: dict[Payoff, str] = {"log_odds": "log-odds", "probability": "probability", "logit": "logit"}


class Target(Protocol):
    """A number that a model says about a text, and the decision that goes with it."""

    @property
    def name(self) -> str:
        """What is asked about, such as a class."""
        ...

    @property
    def payoff(self) -> Payoff:
        """In which form the number is given."""
        ...

    @property
    def unit(self) -> str:
        """Unit of the number, as people read it."""
        ...

    def values(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Return the number for each row of logits: (n, n_outputs) to float64 (n,)."""
        ...

    def of_tensor(self, logits: Tensor) -> Tensor:
        """Return the same with gradients: (n, n_outputs) to (n,)."""
        ...

    def decisions(self, logits: NDArray[Any]) -> NDArray[np.int64]:
        """Return what the model decides for each row: int64 (n,), an index of its outputs, or -1 for none."""
        ...


@dataclass(frozen=True, kw_only=True)
class ClassTarget:
    """The payoff of one class of several that exclude each other.

    Attributes:
        name: of the class.
        index: of its logit.
        payoff: see `payoffs`.
    """

    name: str
    index: int
    payoff: Payoff

    @property
    def unit(self) -> str:
        """Unit of the payoff."""
        return UNITS[self.payoff]

    def values(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Return the payoffs of the class, float64 (n,)."""
        return payoffs(logits, self.payoff, self.index)

    def of_tensor(self, logits: Tensor) -> Tensor:
        """Return the payoffs of the class with gradients, (n,)."""
        own = logits[:, self.index]
        if self.payoff == "logit":
            return own - logits.mean(dim=1)
        if self.payoff == "probability":
            return logits.softmax(dim=1)[:, self.index]
        others = [k for k in range(logits.shape[1]) if k != self.index]
        return own - torch.logsumexp(logits[:, others], dim=1)

    def decisions(self, logits: NDArray[Any]) -> NDArray[np.int64]:
        """Return the most probable classes, int64 (n,)."""
        return np.asarray(logits.argmax(axis=1), dtype=np.int64)


def payoffs(logits: NDArray[Any], payoff: Payoff, class_index: int) -> NDArray[np.float64]:
    r"""Payoff of a class c for each coalition.

    log_odds: log p_c − log(1 − p_c) = z_c − log Σ_{k≠c} exp z_k; probability: p_c = softmax(z)_c;
    logit: z_c − mean_k z_k.

    Args:
        logits: float (n_coalitions, n_classes), never divided by a temperature.
        payoff: which of the three.
        class_index: c, in [0, n_classes).

    Returns:
        float64 (n_coalitions,).

    Raises:
        ConfigError: an unknown payoff, or a class that the model does not have.

    >>> payoffs(np.array([[0.0, 0.0], [-1.0, 1.0]]), "log_odds", 1).tolist()
    [0.0, 2.0]
    """
    if payoff not in get_args(Payoff):
        raise ConfigError(f"payoff: expected one of {', '.join(get_args(Payoff))}, got {payoff!r}")
    n_classes = logits.shape[1]
    if not 0 <= class_index < n_classes:
        raise ConfigError(
            f"class: expected an index from 0 to {n_classes - 1} (the model has {n_classes} classes), "
            f"got {class_index}"
        )
    scores = logits.astype(np.float64)
    own = scores[:, class_index]
    if payoff == "logit":
        result = own - scores.mean(axis=1)
    elif payoff == "log_odds":
        result = own - logsumexp(np.delete(scores, class_index, axis=1), axis=1)
    else:
        result = np.exp(own - logsumexp(scores, axis=1))
    return np.asarray(result, dtype=np.float64)
