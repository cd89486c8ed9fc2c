"""Which units decide most: by the weights where they tell, else estimated and then held in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor

from whytrain.data.batch_plan import evaluation_plan
from whytrain.data.encoded import EncodedSplit
from whytrain.models.evaluation import differentiable
from whytrain.models.interface import ModelInterface
from whytrain.models.layers import POOLED, Replacement
from whytrain.neurons.ablation import decisiveness
from whytrain.neurons.unit_values import BATCH, Activations, contributions

Array = NDArray[np.float64]
_PER_SHOWN = 2  # units held for each that is shown
_DRAWN = 8  # others that are held: do they decide more than the estimate says?


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Units by how much they decide.

    Attributes:
        added: (n_texts, n_units), what the margin of the predicted class loses if the unit is held at its
            mean; found by holding it where `held`, an estimate elsewhere.
        estimated: (n_texts, n_units), the estimate of all; of `pooled` it is what is added.
        held: the units of which `added` is no estimate.
        drawn: those of them that were drawn at random.
    """

    added: Array
    estimated: Array
    held: NDArray[np.int64]
    drawn: NDArray[np.int64]

    @property
    def shares(self) -> Array:
        """The mean size of what each unit adds, as a share of that of all: (n_units,)."""
        sizes = np.abs(self.added).mean(axis=0)
        shares: Array = sizes / max(sizes.sum(), 1e-12)
        return shares

    @property
    def order(self) -> NDArray[np.int64]:
        """The units, the most decisive first; those that were not held come behind the others."""
        estimate = np.ones(self.added.shape[1], dtype=bool)
        estimate[self.held] = False
        return np.lexsort((-self.shares, estimate))

    @property
    def agreement(self) -> float:
        """The rank correlation of estimate and what holding found, over the drawn units; NaN without any."""
        if len(self.drawn) < 3:
            return float("nan")
        sizes = (np.abs(values).mean(axis=0)[self.drawn] for values in (self.estimated, self.added))
        return float(spearmanr(*sizes).statistic)


def ranked(
    model: ModelInterface,
    split: EncodedSplit,
    seen: Activations,
    shown: int,
    rng: np.random.Generator,
    progress: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Ranking:
    """Rank the units of a layer. Of `pooled` the weights tell what each adds; a unit of another takes a pass.

    So those are held that an estimate puts first, and some drawn from the others, which say what the estimate
    misses; of few units all.

    Args:
        model: which shows its layers.
        split: the texts.
        seen: what the units do there.
        shown: how many of the first are of interest; twice as many are held.
        rng: draws the others.
        progress: shows how far holding units is.
    """
    n_units = seen.values.shape[1]
    if seen.layer == POOLED:
        added = contributions(seen, seen.means)
        everything, none = np.arange(n_units), np.arange(0)
        return Ranking(added=added, estimated=added, held=everything, drawn=none)
    estimated = estimated_effects(model, split, seen)
    order = np.argsort(-np.abs(estimated).mean(axis=0), kind="stable")
    first, others = np.split(order, [_PER_SHOWN * shown])
    drawn = np.sort(rng.permutation(others)[:_DRAWN])
    held, added = np.concatenate([first, drawn]), estimated.copy()
    added[:, held] = decisiveness(model, split, seen, progress(held.tolist()))
    return Ranking(added=added, estimated=estimated, held=held, drawn=drawn)


def estimated_effects(model: ModelInterface, split: EncodedSplit, seen: Activations) -> Array:
    """Estimate what the margin of the predicted class loses without each unit: (n_texts, n_units).

    To first order, sum over tokens t of (h_tj - m_j) ∂margin/∂h_tj: how fast the margin falls as unit j
    begins to move to its mean m_j at all tokens. One run forward and backward for all units. Exact where
    the answer is linear in the unit; a saturated unit is underrated.

    References:
        Molchanov et al. (2017), Pruning convolutional neural networks for resource efficient inference.
    """
    means = torch.from_numpy(seen.means).float()[None, None]
    effects = np.empty_like(seen.values)
    with differentiable(model):
        for rows in evaluation_plan(split.lengths, BATCH):
            batch = split.batch(rows)
            share = torch.zeros(len(rows), 1, means.shape[2], requires_grad=True)
            moved = Replacement(layer=seen.layer, where=share, values=means)
            logits = model.through_layers(batch.token_ids, batch.mask, moved).logits
            margin = _margins(logits, torch.from_numpy(seen.predicted[rows]).to(logits.device))
            (slope,) = torch.autograd.grad(margin.sum(), share)
            effects[rows] = -slope[:, 0].double().numpy()
    return effects


def _margins(logits: Tensor, classes: Tensor) -> Tensor:
    own = logits.gather(1, classes[:, None])[:, 0]
    return own - (logits.sum(dim=1) - own) / (logits.shape[1] - 1)
