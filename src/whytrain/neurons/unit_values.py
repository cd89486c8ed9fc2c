"""The values of a layer's units in texts, and what they are worth for the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.data.encoded import EncodedSplit
from whytrain.errors import ConfigError
from whytrain.models.batch_runner import split_through_layers
from whytrain.models.interface import ModelInterface
from whytrain.models.layers import POOLED, Replacement

Array = NDArray[np.float64]
BATCH = 64  # texts: of similar length, so that little padding is computed


@dataclass(frozen=True, kw_only=True, eq=False)
class Activations:
    """What the units of a layer do in n texts.

    Attributes:
        layer: its name.
        values: (n, n_units), the mean over a text's tokens.
        logits: (n, n_classes).
        head_weight: (n_classes, size of `pooled`).
    """

    layer: str
    values: Array
    logits: Array
    head_weight: Array

    @property
    def means(self) -> Array:
        """The mean of each unit over the texts, (n_units,)."""
        means: Array = self.values.mean(axis=0)
        return means

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The class that each text is for, (n,)."""
        classes: NDArray[np.int64] = self.logits.argmax(axis=1)
        return classes


def activations(
    model: ModelInterface, split: EncodedSplit, layer: str = POOLED, replacement: Replacement | None = None
) -> Activations:
    """Run texts, perhaps with some units set, and return the values of a layer's units.

    Raises:
        ConfigError: the model shows no layers, or has none of this name.
    """
    known = model.capabilities.layers
    if known and layer not in known:
        raise ConfigError(f"layer={layer}: the model has no such layer; choices: {', '.join(known)}")
    rows, values, logits = [], [], []
    for batch_rows, mask, seen in split_through_layers(model, split, replacement, batch_size=BATCH):
        states = seen.states[layer].double()
        if layer != POOLED:
            states = states * mask.unsqueeze(-1) / mask.sum(dim=1)[:, None, None]
        rows.append(batch_rows)
        values.append(states.sum(dim=1).cpu())
        logits.append(seen.logits.double().cpu())
    order = torch.cat(rows).argsort()
    return Activations(
        layer=layer,
        values=torch.cat(values)[order].numpy(),
        logits=torch.cat(logits)[order].numpy(),
        head_weight=seen.head_weight.detach().double().cpu().numpy(),
    )


def margins(logits: Array, classes: NDArray[np.int64]) -> Array:
    """Return the logit of a class of each text less the mean of the others: of two classes the log-odds.

    Args:
        logits: (n, n_classes).
        classes: (n,).
    """
    own = np.take_along_axis(logits, classes[:, None], axis=1)[:, 0]
    margin: Array = own - (logits.sum(axis=1) - own) / (logits.shape[1] - 1)
    return margin


def contributions(seen: Activations, means: Array) -> Array:
    """Return what each pooled unit adds to the margin of the predicted class, (n, n_units); exact.

    With w_c the weights of class c less the mean of the others', unit j adds w_cj (p_j - m_j). A text's
    contributions sum to its margin less that of the means, and each is what the margin loses if that unit
    alone is held at its mean.

    Args:
        seen: of the layer `pooled`.
        means: (n_units,), m: usual values.
    """
    assert seen.layer == POOLED
    others = (seen.head_weight.sum(axis=0) - seen.head_weight) / (len(seen.head_weight) - 1)
    added: Array = (seen.head_weight - others)[seen.predicted] * (seen.values - means)
    return added
