"""The games whose Shapley values are learned, and targets as sums of them: values are linear in the game."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.target import ClassTarget, ContrastTarget, LabelTarget, Target, payoffs

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Games:
    """What is learned of a model: two classes are one game, labels one each, more classes two each.

    Attributes:
        n_outputs: classes or labels of the model.
        exclusive: whether they exclude each other.
    """

    n_outputs: int
    exclusive: bool

    def __len__(self) -> int:
        """Return the number of games."""
        if self.exclusive and self.n_outputs > 2:
            return 2 * self.n_outputs
        return 1 if self.exclusive else self.n_outputs

    def values(self, logits: NDArray[Any]) -> Array:
        """Return the games' values of coalitions: (n, n_outputs) to float64 (n, n_games).

        Of two classes the difference of their logits; of labels the logits; of more classes their centered
        logits, whose differences set one class against another, and their log-odds against all others.
        """
        scores = logits.astype(np.float64)
        if not self.exclusive:
            return scores
        if self.n_outputs == 2:
            return scores[:, 1:] - scores[:, :1]
        odds = [payoffs(logits, "log_odds", k) for k in range(self.n_outputs)]
        return np.column_stack([scores - scores.mean(axis=1, keepdims=True), *odds])

    def weights(self, target: Target) -> Array | None:
        """Return how much of each game a target is, (n_games,); None where it is no sum of them.

        A probability is none: it bends what the logits add up to.
        """
        if not isinstance(target, (ClassTarget, ContrastTarget, LabelTarget)):
            return None
        if target.payoff == "probability":
            return None
        of_output: Array = np.eye(self.n_outputs)[target.index]
        if isinstance(target, ContrastTarget):
            of_output = of_output - np.eye(self.n_outputs)[target.other]
        if not self.exclusive:
            return of_output
        if self.n_outputs == 2:
            share = 0.5 if target.payoff == "logit" else 1.0
            return np.array([share if target.index == 1 else -share])
        against_all = isinstance(target, ClassTarget) and target.payoff == "log_odds"
        nothing = np.zeros(self.n_outputs)
        return np.concatenate([nothing, of_output] if against_all else [of_output, nothing])
