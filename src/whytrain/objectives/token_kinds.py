"""Which wordpieces of a vocabulary are special and which continue a word."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from whytrain.data.tokenization import Tokenizer


@dataclass(frozen=True)
class TokenKinds:
    """What masking must know of a vocabulary.

    Attributes:
        mask_id: wordpiece that stands in for a hidden one.
        special: bool (vocabulary_size,), True for special tokens, which are never hidden.
        continuation: bool (vocabulary_size,), True for wordpieces that continue a word.
    """

    mask_id: int
    special: Tensor
    continuation: Tensor

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> TokenKinds:
        """Read them off a tokenizer."""
        pieces = tokenizer.tokens(range(tokenizer.vocabulary_size))
        special = torch.zeros(len(pieces), dtype=torch.bool)
        special[[tokenizer.padding_id, tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id]] = True
        return cls(tokenizer.mask_id, special, torch.tensor([piece.startswith("##") for piece in pieces]))

    def to(self, device: torch.device) -> TokenKinds:
        """The same on another device."""
        return TokenKinds(self.mask_id, self.special.to(device), self.continuation.to(device))
