"""What a network computes of a sentence, in statistics over its tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from whytrain.data.encoded import EncodedSplit
from whytrain.models.batch_runner import inspect_split
from whytrain.models.interface import ModelInterface
from whytrain.surrogates.evidence import Kind
from whytrain.surrogates.features import Feature, FeatureTable

STATISTICS = ("mean", "deviation", "minimum", "maximum")
ATTENTION = ("maximum", "deviation", "entropy", "center")


def dense_table(model: ModelInterface, split: EncodedSplit) -> FeatureTable:
    """Read the statistics of every sentence.

    Mean, standard deviation, minimum and maximum over the tokens, per dimension of the embeddings and of the
    hidden states (of a bidirectional LSTM the forward direction's dimensions come first). Of attention
    weights a over n tokens: maximum, standard deviation, entropy −Σ a log a in nats, and center of mass
    Σ a_t·t / (n − 1) with t from 0, 0 at the beginning and 1 at the end.

    Args:
        model: shows its embeddings, states and, if it has any, attention weights.
        split: n sentences; special tokens count as tokens.
    """
    rows, values = [], []
    kinds: list[tuple[Kind, int]] = []
    for batch in inspect_split(model, split):
        states, weights = batch.inspection.hidden_states, batch.inspection.attention
        parts = [token_statistics(batch.embeddings, batch.mask), token_statistics(states, batch.mask)]
        kinds = [("embedding", batch.embeddings.shape[-1]), ("hidden", states.shape[-1])]
        if weights is not None:
            parts.append(attention_statistics(weights, batch.mask))
            kinds.append(("attention", 0))
        rows.append(batch.rows)
        values.append(torch.cat(parts, dim=1).float().cpu())
    order = torch.cat(rows).argsort()
    features = tuple(feature for kind, size in kinds for feature in _features(kind, size))
    return FeatureTable(features, torch.cat(values)[order].numpy())


def _features(kind: Kind, size: int) -> list[Feature]:
    if kind == "attention":
        return [Feature(kind=kind, what=f"attention {name}") for name in ATTENTION]
    return [Feature(kind=kind, what=f"{kind} {name} {i}") for name in STATISTICS for i in range(size)]


def token_statistics(states: Tensor, mask: Tensor) -> Tensor:
    """Mean, standard deviation, minimum and maximum over the tokens that the mask keeps.

    Args:
        states: float (batch, n_tokens, size).
        mask: bool (batch, n_tokens), at least one token each.

    Returns:
        float (batch, 4 * size), statistic by statistic.
    """
    present = mask.unsqueeze(-1)
    count = present.sum(dim=1)
    mean = states.masked_fill(~present, 0).sum(dim=1) / count
    squares = (states - mean.unsqueeze(1)).square().masked_fill(~present, 0)
    return torch.cat(
        [
            mean,
            (squares.sum(dim=1) / count).sqrt(),
            states.masked_fill(~present, torch.inf).amin(dim=1),
            states.masked_fill(~present, -torch.inf).amax(dim=1),
        ],
        dim=1,
    )


def attention_statistics(weights: Tensor, mask: Tensor) -> Tensor:
    """Maximum, standard deviation, entropy and center of mass of attention weights: float (batch, 4).

    Args:
        weights: float (batch, n_tokens), 0 where the mask is False, summing to 1.
        mask: bool (batch, n_tokens).
    """
    count = mask.sum(dim=1)
    deviation = (weights - 1 / count.unsqueeze(1)).square().masked_fill(~mask, 0).sum(dim=1) / count
    entropy = torch.special.entr(weights).sum(dim=1)
    positions = torch.arange(weights.shape[1], device=weights.device)
    center = (weights * positions).sum(dim=1) / (count - 1).clamp(min=1)
    return torch.stack([weights.amax(dim=1), deviation.sqrt(), entropy, center], dim=1)
