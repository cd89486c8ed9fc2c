"""Words of other texts, as often as they occur: what may stand in a word's place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from whytrain.data.tokenization import Tokenizer

TokenIds = tuple[int, ...]  # of one word

_TEXTS, _WORDS = 400, 1000  # drawn at most


def reference_words(texts: Sequence[str], tokenizer: Tokenizer, max_tokens: int) -> tuple[TokenIds, ...]:
    """Draw words from texts, the same ones of the same texts; a frequent word comes more than once.

    Args:
        texts: such as those of the training split; up to 400 of them are read.
        tokenizer: what makes token ids of words.
        max_tokens: after which a text is cut.

    Returns:
        The token ids of each word, up to 1,000 words.
    """
    generator = np.random.default_rng(0)
    words: list[TokenIds] = []
    for row in generator.permutation(len(texts))[:_TEXTS]:
        found = tokenizer.encode_words(texts[row], max_tokens)
        words += [
            tuple(found.token_ids[found.word_of_token == word].tolist()) for word in range(len(found.words))
        ]
    return tuple(words[i] for i in generator.permutation(len(words))[:_WORDS])
