"""A soft decision tree: at every node a sentence goes both ways, as its words pull it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from torch import Tensor
from torch.nn.functional import logsigmoid

Array = NDArray[np.float64]

BALANCE = 0.1  # weight of the penalty on nodes that send everything one way, as in the paper
_RIDGE = 1.0  # variance of the weights' prior, by the presence of a word or one standard deviation
_FIRST = (
    1.0  # standard deviation of the first weights; from smaller ones, targets of XOR's kind are not found
)
_MOST_STEPS = 200


@dataclass(frozen=True, eq=False)
class SoftTree:
    """A fitted soft tree, which scikit-learn's classifiers could stand for.

    Attributes:
        coef_: float64 (n_nodes, n_features), weights of the inner nodes, level by level from the root.
        intercept_: float64 (n_nodes,).
        leaves: float64 (n_leaves, n_classes), the probabilities of each leaf, from left to right.
    """

    coef_: Array
    intercept_: Array
    leaves: Array

    @property
    def classes_(self) -> NDArray[np.int64]:
        """All classes, int64 (n_classes,)."""
        return np.arange(self.leaves.shape[1])

    def reached(self, values: Any) -> list[Array]:
        """Return the probability that a sentence reaches each node.

        Args:
            values: (n, n_features), sparse or dense.

        Returns:
            depth + 1 arrays float64 (n, 2^level), nodes from left to right, the leaves last.
        """
        scores = torch.from_numpy(np.asarray(values @ self.coef_.T + self.intercept_))
        return [level.exp().numpy() for level in log_reached(scores)]

    def predict_proba(self, values: Any) -> Array:
        """Return the mean of the leaves, by the probability to reach them: float64 (n, n_classes)."""
        return np.asarray(self.reached(values)[-1] @ self.leaves)


def fit_soft_tree(values: Any, target: Array, *, depth: int, seed: int, balance: float = BALANCE) -> SoftTree:
    r"""Minimize the mean over sentences of Σ_leaves P(leaf) H(target, leaf), and two penalties.

    A tree has 2^depth leaves. A sentence goes right at node i with probability σ(w_i·x + b_i); H is the
    cross-entropy, so that each leaf alone is an answer. The penalties keep nodes balanced (`imbalance`) and
    weights small: Σ‖w_i‖² / 2n, the logarithm of a standard normal prior.

    Args:
        values: (n, n_features), sparse or dense.
        target: float64 (n, n_classes), rows sum to 1.
        depth: of the leaves, at least 1.
        seed: of the first weights.
        balance: weight of the first penalty.

    References:
        Frosst, Hinton (2017), Distilling a neural network into a soft decision tree.
    """
    n_nodes, n_leaves = 2**depth - 1, 2**depth
    draw = np.random.default_rng(seed)
    first = (
        _FIRST * draw.normal(size=(n_nodes, values.shape[1])),
        np.zeros(n_nodes),
        draw.normal(size=(n_leaves, target.shape[1])),
    )
    loss = SoftTreeLoss(values, target, depth=depth, balance=balance)
    start = np.concatenate([part.ravel() for part in first])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS})
    weights, bias, leaves = loss.parts(found.x)
    return SoftTree(weights, bias, torch.from_numpy(leaves).softmax(dim=1).numpy())


class SoftTreeLoss:
    """What `fit_soft_tree` minimizes, with its gradient.

    Only what follows the nodes' scores is left to autograd: the features stay sparse.
    """

    def __init__(self, values: Any, target: Array, *, depth: int, balance: float) -> None:
        """Store the data; arguments as in `fit_soft_tree`."""
        self.values, self.balance = values, balance
        self.transposed = values.T.tocsr() if sparse.issparse(values) else values.T
        self.target = torch.from_numpy(np.ascontiguousarray(target))
        n_nodes, n_leaves = 2**depth - 1, 2**depth
        self.shapes = ((n_nodes, values.shape[1]), (n_nodes,), (n_leaves, target.shape[1]))

    def parts(self, parameters: Array) -> list[Array]:
        """Return weights (n_nodes, n_features), bias (n_nodes,), logits of leaves (n_leaves, n_classes)."""
        cuts = np.cumsum([np.prod(shape) for shape in self.shapes])[:-1]
        flat = np.split(parameters, cuts)
        return [part.reshape(shape) for part, shape in zip(flat, self.shapes, strict=True)]

    def __call__(self, parameters: Array) -> tuple[float, Array]:
        """Return the loss at parameters (n,), and its gradient (n,)."""
        weights, bias, leaves = self.parts(parameters)
        scores = torch.from_numpy(np.asarray(self.values @ weights.T + bias)).requires_grad_()
        answers = torch.from_numpy(leaves).requires_grad_()
        levels = log_reached(scores)
        errors = -(self.target @ answers.log_softmax(dim=1).T)  # (n, n_leaves), of each leaf alone
        loss = (levels[-1].exp() * errors).sum(dim=1).mean() + self.balance * imbalance(levels)
        of_scores, of_answers = (g.numpy() for g in torch.autograd.grad(loss, (scores, answers)))
        share = 1 / (_RIDGE * len(of_scores))
        of_weights = np.asarray(self.transposed @ of_scores).T + share * weights
        gradient = [part.ravel() for part in (of_weights, of_scores.sum(axis=0), of_answers)]
        return loss.item() + share / 2 * float((weights**2).sum()), np.concatenate(gradient)


def log_reached(scores: Tensor) -> list[Tensor]:
    """Return the logarithm of the probability to reach each node.

    Args:
        scores: (n, n_nodes), of the inner nodes, level by level from the root; σ(score) goes right.

    Returns:
        depth + 1 tensors (n, 2^level), nodes from left to right, the leaves last.
    """
    levels, first = [scores.new_zeros(len(scores), 1)], 0
    while first < scores.shape[1]:
        width = levels[-1].shape[1]
        own = scores[:, first : first + width]
        ways = (levels[-1] + logsigmoid(-own), levels[-1] + logsigmoid(own))
        levels.append(torch.stack(ways, dim=2).flatten(1))
        first += width
    return levels


def imbalance(levels: list[Tensor]) -> Tensor:
    r"""Return −Σ_i 2^−d(i) ½ (log α_i + log(1 − α_i)) over the inner nodes i, d(i) levels below the root.

    α_i = Σ_x P_i(x) σ_i(x) / Σ_x P_i(x) is the share that goes right of what reaches i, over all sentences;
    the paper takes it over a batch.

    Args:
        levels: from `log_reached`.
    """
    penalty = levels[0].new_zeros(())
    for depth, (above, below) in enumerate(pairwise(levels)):
        shares = below.logsumexp(dim=0).view(-1, 2) - above.logsumexp(dim=0)[:, None]
        penalty = penalty - 0.5**depth * 0.5 * shares.sum()
    return penalty
