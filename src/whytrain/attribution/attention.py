"""The attention weights of a sentence's words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.data.tokenization import CLS, SEP
from whytrain.models.saved import SavedModel
from whytrain.types import Inspectable


class WordAttention(NamedTuple):
    """How the pooling weighs a sentence.

    Attributes:
        words: [CLS], the words, [SEP].
        weights: float64 (n_words + 2,), summing to 1; a word's is the sum over its wordpieces.
    """

    words: tuple[str, ...]
    weights: NDArray[np.float64]


def word_attention(saved: SavedModel, text: str) -> WordAttention | None:
    """Return the attention weights of a text, cut as the model cuts it; None where there is no attention."""
    if not isinstance(saved.model, Inspectable):
        return None
    encoding = saved.tokenizer.encode_words(text, saved.max_tokens)
    token_ids = torch.from_numpy(encoding.token_ids)[None]
    with torch.inference_mode():
        attention = saved.model.inspect(saved.model.embed(token_ids), None).attention
    if attention is None:
        return None
    n_words = len(encoding.words)
    place = encoding.word_of_token + 1
    place[-1] = n_words + 1  # both special tokens are -1: the last one is [SEP]
    weights = np.bincount(place, attention[0].double().numpy(), minlength=n_words + 2)
    # NumPy's stubs call the sums integers.
    return WordAttention((CLS, *encoding.words, SEP), weights.astype(np.float64, copy=False))
