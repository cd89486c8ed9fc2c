"""Which sentences are explained: fixed by a seed, short enough for an exact table, within a budget."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from whytrain.attribution.deletion import N_PARTS
from whytrain.attribution.units import Players, players_of
from whytrain.data.corpus import Split
from whytrain.data.encoded import EncodedSplit
from whytrain.data.tokenization import Tokenizer
from whytrain.data.words import split_words

MIN_WORDS = N_PARTS  # below, a sentence has no beginning, middle and end


def choose_rows(split: Split, n_sentences: int, max_words: int, seed: int, name: str) -> list[int]:
    """Choose rows of a split whose sentences have 3 to `max_words` words; fewer where there are no more.

    Args:
        split: the sentences.
        n_sentences: how many at most.
        max_words: words of a sentence at most.
        seed: of the run.
        name: what the choice is for: two choices of one run differ.
    """
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    rows: list[int] = []
    for row in generator.permutation(len(split)).tolist():
        if len(rows) == n_sentences:
            break
        if MIN_WORDS <= len(split_words(split.texts[row])) <= max_words:
            rows.append(row)
    return rows


def probe_players(
    split: Split, encoded: EncodedSplit, rows: Sequence[int], tokenizer: Tokenizer, max_words: int
) -> dict[int, Players]:
    """Return the players of each row, cut as in training.

    A row is left out where too few words remain, or more than a table may have: a tokenizer can give
    tokens to what is no word of `split_words`.
    """
    found = {}
    for row in rows:
        encoding = tokenizer.encode_words(split.texts[row], int(encoded.lengths[row]))
        if MIN_WORDS <= len(encoding.words) <= max_words:
            found[row] = players_of(encoding, None)
    return found


def affordable(sizes: Sequence[int], n_absences: int, budget: int) -> int:
    """Return how many of the sentences, from the first one on, a budget of evaluations allows.

    Args:
        sizes: number of players of each sentence.
        n_absences: tables per sentence.
        budget: evaluations, 2^n per table.

    >>> affordable([3, 4, 3], n_absences=2, budget=50)
    2
    """
    costs = np.cumsum([n_absences << size for size in sizes])
    return int(np.searchsorted(costs, budget, side="right"))
