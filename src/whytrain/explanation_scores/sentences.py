"""Which texts are scored: short ones first, whose combinations of words can all be asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from whytrain.counted import counted
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
        have = f"only {counted(len(short), 'text')} {'has' if len(short) == 1 else 'have'}"
        one = len(longer) == 1
        note = (
            f"{have if len(short) else 'no text has'} {LEAST_WORDS} to {max_words} words: the "
            f"{'next longer one' if one else f'{len(longer)} next longer ones'}, of up to "
            f"{lengths[longer].max()} words, {'is' if one else 'are'} scored, too"
        )
    elif len(short) < n:
        are = "is only" if len(short) == 1 else "are only"
        note = f"there {are} {counted(len(short), 'text')} of {LEAST_WORDS} words or more"
    return [*short.tolist(), *longer.tolist()], note
