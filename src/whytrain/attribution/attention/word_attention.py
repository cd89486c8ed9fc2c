"""The attention weights of a sentence's words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.models.evaluation import evaluating
from whytrain.models.interface import ModelInterface


class WordAttention(NamedTuple):
    """How a model weighs a sentence.

    Attributes:
        words: the words and the special tokens around them, in the order of the sentence.
        weights: float64 (n_words,), summing to 1; a word's is the sum over its wordpieces.
        special: bool (n_words,), True for special tokens.
    """

    words: tuple[str, ...]
    weights: NDArray[np.float64]
    special: NDArray[np.bool_]

    @property
    def of_words(self) -> NDArray[np.float64]:
        """The weights of the words alone."""
        return self.weights[~self.special]


def word_attention(model: ModelInterface, text: str) -> WordAttention | None:
    """Return the attention weights of a text, cut as the model cuts it; None where there is no attention."""
    if model.capabilities.attention == "none":
        return None
    encoding = model.tokenizer.encode_words(text, model.max_tokens)
    with evaluating(model):
        attention = model.inspect(torch.from_numpy(encoding.token_ids)[None], None).attention
    assert attention is not None
    words: list[str] = []
    special: list[bool] = []
    place: list[int] = []
    before = -1
    for token, word in zip(encoding.token_ids.tolist(), encoding.word_of_token.tolist(), strict=True):
        if word < 0 or word != before:
            special.append(word < 0)
            words.append(encoding.words[word] if word >= 0 else model.tokenizer.tokens([token])[0])
        place.append(len(words) - 1)
        before = word
    weights = np.bincount(place, attention[0].double().cpu().numpy())
    # NumPy's stubs call the sums integers.
    return WordAttention(tuple(words), weights.astype(np.float64, copy=False), np.array(special))
