"""Which wordpieces of a vocabulary are special and which continue a word."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from whytrain.data.tokenization import Tokenizer

_WORD_STARTS = ("Ġ", "▁")  # byte-level BPE and SentencePiece mark the beginnings of words


class TokenKinds(nn.Module):
    """What masking must know of a vocabulary.

    Attributes:
        mask_id: wordpiece that stands in for a hidden one; None where the vocabulary has none.
        special: bool (vocabulary_size,), True for special tokens, which are never hidden.
        continuation: bool (vocabulary_size,), True for wordpieces that continue a word.
    """

    special: Tensor
    continuation: Tensor

    def __init__(self, mask_id: int | None, special: Tensor, continuation: Tensor) -> None:
        """Store the parts; they move with the module that this one belongs to."""
        super().__init__()
        self.mask_id = mask_id
        self.register_buffer("special", special, persistent=False)
        self.register_buffer("continuation", continuation, persistent=False)

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> TokenKinds:
        """Read them off a tokenizer."""
        pieces = tokenizer.tokens(range(tokenizer.vocabulary_size))
        special = torch.zeros(len(pieces), dtype=torch.bool)
        special[list(tokenizer.special_ids)] = True
        continuation = torch.tensor(_continuing(pieces)) & ~special
        if tokenizer.unknown_id is not None:
            continuation[tokenizer.unknown_id] = False
        return cls(tokenizer.mask_id, special, continuation)


def _continuing(pieces: list[str]) -> list[bool]:
    """Tell of each entry of a vocabulary whether it continues a word; WordPiece marks these with ##."""
    if any(piece.startswith(_WORD_STARTS) for piece in pieces):
        return [not piece.startswith(_WORD_STARTS) for piece in pieces]
    return [piece.startswith("##") for piece in pieces]
