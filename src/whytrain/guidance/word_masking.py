"""Random word masking: the model sees sentences with some words hidden, and leans less on each."""

from __future__ import annotations

import torch
from torch import Tensor

from whytrain.guidance.token_kinds import TokenKinds


def mask_words(token_ids: Tensor, probability: float, kinds: TokenKinds) -> Tensor:
    """Hide each word with the given probability, all wordpieces of a word together.

    Draws from torch's global generator.

    Args:
        token_ids: int64 (batch, n_tokens).
        probability: in [0, 1], of each word.
        kinds: special and continuing wordpieces, on the same device.

    Returns:
        int64 (batch, n_tokens), a copy with hidden wordpieces replaced by the mask wordpiece.
    """
    word = (~kinds.continuation[token_ids]).cumsum(dim=1) - 1
    draw = torch.rand(token_ids.shape, device=token_ids.device).gather(1, word.clamp(min=0))
    hidden = (draw < probability) & ~kinds.special[token_ids]
    return token_ids.masked_fill(hidden, kinds.mask_id)
