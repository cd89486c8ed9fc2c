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
    begins = ~kinds.continuation[token_ids]
    begins[:, 0] = True  # some tokenizers write the first word of a sentence like the rest of one
    word = begins.cumsum(dim=1) - 1
    draw = torch.rand(token_ids.shape, device=token_ids.device).gather(1, word)
    hidden = (draw < probability) & ~kinds.special[token_ids]
    assert kinds.mask_id is not None
    return token_ids.masked_fill(hidden, kinds.mask_id)
