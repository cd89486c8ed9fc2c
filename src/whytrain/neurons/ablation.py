"""Units held at their mean, and what the answer loses without what they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.data.encoded import EncodedSplit
from whytrain.models.interface import ModelInterface
from whytrain.models.layers import POOLED, Replacement
from whytrain.neurons.unit_values import Activations, activations, margins
from whytrain.statistics.intervals import Interval, bootstrap_interval

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """What holding units at their mean costs.

    Attributes:
        units: the units.
        accuracy: of the model as it is, less that of the ablated one; share of the texts.
        margin: the same of the mean margin of the gold class, in logits.
    """

    units: tuple[int, ...]
    accuracy: Interval
    margin: Interval


def holding(seen: Activations, units: Sequence[int]) -> Replacement:
    """Return the replacement that holds units of the layer at their mean, at every token."""
    where = torch.zeros(seen.values.shape[1], dtype=torch.bool)
    where[list(units)] = True
    return Replacement(
        layer=seen.layer, where=where[None, None], values=torch.from_numpy(seen.means).float()[None, None]
    )


def without(model: ModelInterface, split: EncodedSplit, seen: Activations, units: Sequence[int]) -> Array:
    """Return the logits (n_texts, n_classes) with units held at their mean over the texts.

    Of `pooled` they follow from the weights; for another layer the texts are run again.
    """
    if seen.layer != POOLED:
        return activations(model, split, seen.layer, holding(seen, units)).logits
    beyond = (seen.values - seen.means)[:, list(units)]
    logits: Array = seen.logits - beyond @ seen.head_weight[:, list(units)].T
    return logits


def decisiveness(
    model: ModelInterface, split: EncodedSplit, seen: Activations, units: Iterable[int]
) -> Array:
    """Return what the margin of the predicted class loses if each unit alone is held: (n_texts, n_units).

    Args:
        model: which shows its layers.
        split: the texts.
        seen: what the units do there.
        units: their numbers; a loop over them may show how far it is.
    """
    whole = margins(seen.logits, seen.predicted)
    lost = [whole - margins(without(model, split, seen, [unit]), seen.predicted) for unit in units]
    return np.stack(lost, axis=1)


def ablate(
    model: ModelInterface,
    split: EncodedSplit,
    seen: Activations,
    units: Sequence[int],
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Ablation:
    """Hold units at their mean over the texts, and compare, text by text; intervals over texts.

    Args:
        model: which shows its layers.
        split: the texts with their gold classes.
        seen: what the units do there.
        units: their numbers.
        level: of the intervals.
        seed: of the bootstrap.
    """
    ablated = without(model, split, seen, units)
    fell = (seen.predicted == split.labels).astype(float) - (ablated.argmax(axis=1) == split.labels)
    lost = margins(seen.logits, split.labels) - margins(ablated, split.labels)
    accuracy, margin = (
        bootstrap_interval(lambda rows: rows.mean(axis=1), values, level=level, seed=seed)
        for values in (fell, lost)
    )
    return Ablation(units=tuple(units), accuracy=accuracy, margin=margin)
