"""Which texts are scored: short ones first, whose combinations of words can all be asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from whytrain.data.words import split_words

LEAST_WORDS = 4  # below, all orders of words are much alike


def choose_texts(texts: Sequence[str], n: int, max_words: int, seed: int) -> tuple[list[int], str | None]:
    """Draw texts by seed.

    Args:
        texts: to choose from.
        n: how many.
        max_words: of those that are drawn; where there are fewer than n, the shortest of the others follow.
        seed: of the draw.

    Returns:
        Places in `texts`, and what a reader must know of the choice, if anything.
    """
    lengths = np.array([len(split_words(text)) for text in texts])
    order = np.random.default_rng(seed).permutation(len(texts))
    usable = order[lengths[order] >= LEAST_WORDS]
    short = usable[lengths[usable] <= max_words][:n]
    long = usable[lengths[usable] > max_words]
    longer = long[np.argsort(lengths[long], kind="stable")][: n - len(short)]
    note = None
    if len(longer):
        note = (
            f"only {len(short)} texts have {LEAST_WORDS} to {max_words} words: the {len(longer)} next longer "
            f"ones, of up to {lengths[longer].max()} words, are scored, too"
        )
    elif len(short) < n:
        note = f"there are only {len(short)} texts of {LEAST_WORDS} words or more"
    return [*short.tolist(), *longer.tolist()], note
