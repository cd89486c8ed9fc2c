"""Which output of a model is explained: the target (also: output, payoff, value function)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, logsumexp
from torch import Tensor

from whytrain.errors import ConfigError
from whytrain.tasks import Task
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

    def chances(self, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return the probabilities that the numbers stand for, (n,) to (n,); None where they say none."""
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

    def chances(self, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return the probabilities of the class, (n,); a centered logit says none."""
        if self.payoff == "logit":
            return None
        return values if self.payoff == "probability" else expit(values)


@dataclass(frozen=True, kw_only=True)
class ContrastTarget:
    """Why one class rather than another: the payoff of class A in a world where only A and B are possible.

    Attributes:
        name: such as `A rather than B`.
        index: of the logit of A.
        other: of the logit of B.
        payoff: `log_odds` is z_A − z_B; `probability` is p_A / (p_A + p_B); with two classes that is what
            it is of A alone.

    References:
        Yin and Neubig (2022), Interpreting language models with contrastive explanations.
    """

    name: str
    index: int
    other: int
    payoff: Payoff

    @property
    def unit(self) -> str:
        """Unit of the payoff."""
        return UNITS[self.payoff]

    def values(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Return the payoffs of A against B, float64 (n,)."""
        scores = logits.astype(np.float64)
        difference = scores[:, self.index] - scores[:, self.other]
        return np.asarray(expit(difference) if self.payoff == "probability" else difference)

    def of_tensor(self, logits: Tensor) -> Tensor:
        """Return the payoffs of A against B with gradients, (n,)."""
        difference = logits[:, self.index] - logits[:, self.other]
        return difference.sigmoid() if self.payoff == "probability" else difference

    def decisions(self, logits: NDArray[Any]) -> NDArray[np.int64]:
        """Return the most probable of all classes, int64 (n,)."""
        return np.asarray(logits.argmax(axis=1), dtype=np.int64)

    def chances(self, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return what A has of the probability of both, (n,)."""
        return values if self.payoff == "probability" else expit(values)


@dataclass(frozen=True, kw_only=True)
class LabelTarget:
    """One label of several that do not exclude each other: its log-odds are its logit.

    Attributes:
        name: of the label.
        index: of its logit.
        payoff: `log_odds` and `logit` are the same here; `probability` is the sigmoid.
    """

    name: str
    index: int
    payoff: Payoff

    @property
    def unit(self) -> str:
        """Unit of the payoff."""
        return UNITS[self.payoff]

    def values(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Return the payoffs of the label, float64 (n,)."""
        own = logits[:, self.index].astype(np.float64)
        return np.asarray(expit(own) if self.payoff == "probability" else own, dtype=np.float64)

    def of_tensor(self, logits: Tensor) -> Tensor:
        """Return the payoffs of the label with gradients, (n,)."""
        own = logits[:, self.index]
        return own.sigmoid() if self.payoff == "probability" else own

    def decisions(self, logits: NDArray[Any]) -> NDArray[np.int64]:
        """Return the label's index where it is on, that is more probable than not, else -1; int64 (n,)."""
        return np.where(logits[:, self.index] > 0, self.index, -1).astype(np.int64)

    def chances(self, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return the probabilities of the label, (n,)."""
        return values if self.payoff == "probability" else expit(values)


def target_of(
    task: Task, class_names: Sequence[str], index: int, payoff: Payoff
) -> ClassTarget | LabelTarget:
    """Return the target that asks about one output of a model of this task."""
    kind = ClassTarget if task.exclusive else LabelTarget
    return kind(name=class_names[index], index=index, payoff=payoff)


def contrast_of(class_names: Sequence[str], index: int, other: int, payoff: Payoff) -> ContrastTarget:
    """Return the target that asks why one class rather than another; their logits differ by log-odds."""
    payoff = "log_odds" if payoff == "logit" else payoff
    name = f"{class_names[index]} rather than {class_names[other]}"
    return ContrastTarget(name=name, index=index, other=other, payoff=payoff)


def decision_name(target: Target, decision: int, class_names: Sequence[str]) -> str:
    """Return one of `Target.decisions` in words: a class, or that the label in question is not there.

    >>> decision_name(LabelTarget(name="tax", index=1, payoff="logit"), -1, ["law", "tax"])
    'not tax'
    """
    return class_names[decision] if decision >= 0 else f"not {target.name}"


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
