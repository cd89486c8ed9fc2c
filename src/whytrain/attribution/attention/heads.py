"""Attention by layer and head: which token of a text reads from which."""

from __future__ import annotations

import numpy as np
import torch

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import HeadAttention
from whytrain.models.evaluation import evaluating
from whytrain.types import Inspection


def inspected(ask: Ask) -> Inspection:
    """Return what a model computes of a text, a batch of one."""
    with evaluating(ask.model):
        return ask.model.inspect(torch.from_numpy(ask.units.token_ids)[None], None)


def head_attention(ask: Ask, seen: Inspection) -> HeadAttention | None:
    """Return the attention by layer and head; None where the model, or a text in windows, shows none."""
    layers = seen.head_attention
    if layers is None or seen.reader is None:
        return None
    return HeadAttention(
        tokens=tuple(ask.model.tokenizer.tokens(ask.units.token_ids.tolist())),
        reader=int(seen.reader[0]),
        weights=np.stack([layer[0].float().cpu().numpy() for layer in layers]),
    )
