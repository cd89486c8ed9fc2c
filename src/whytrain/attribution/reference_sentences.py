"""Which sentences are explained every epoch: fixed by a seed, short enough, within a budget."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from whytrain.attribution.deletion import N_PARTS
from whytrain.attribution.units import Units, players_of
from whytrain.data.corpus import Split
from whytrain.data.encoded import EncodedSplit
from whytrain.data.tokenization import Tokenizer
from whytrain.data.words import split_words

MIN_WORDS = N_PARTS  # below, a sentence has no beginning, middle and end

Key = tuple[str, int]  # a split's name and a row of it


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


def players_of_rows(
    split: Split, encoded: EncodedSplit, rows: Sequence[int], tokenizer: Tokenizer, max_words: int
) -> dict[int, Units]:
    """Return the players of each row, cut as in training.

    A row is left out where too few words remain, or too many: a tokenizer can give tokens to what is no word
    of `split_words`.
    """
    found = {}
    for row in rows:
        encoding = tokenizer.encode_words(split.texts[row], int(encoded.lengths[row]))
        if MIN_WORDS <= len(encoding.words) <= max_words:
            found[row] = players_of(encoding, None)
    return found


def interleaved(train: Mapping[int, Units], validation: Mapping[int, Units]) -> dict[Key, Units]:
    """Order the sentences of both splits so that any budget explains some of each, in proportion.

    >>> [*interleaved({7: "a", 8: "b", 9: "c"}, {1: "d"})]
    [('validation', 1), ('train', 7), ('train', 8), ('train', 9)]
    """
    ranked: list[tuple[float, Key, Units]] = []
    for name, sentences, offset in (("train", train, 0.5), ("validation", validation, 0.0)):
        ranks = (np.arange(len(sentences)) + offset) / max(1, len(sentences))
        ranked += [
            (float(rank), (name, row), players)
            for rank, (row, players) in zip(ranks, sentences.items(), strict=True)
        ]
    return {key: players for _, key, players in sorted(ranked, key=lambda r: r[:2])}


def affordable(sentences: Sequence[Units], cost: Callable[[int], int], budget: int) -> int:
    """Return how many of the sentences, from the first one on, a budget of evaluations allows.

    Args:
        sentences: the words of each.
        cost: of a sentence with so many words.
        budget: evaluations.
    """
    costs = np.cumsum([cost(len(players)) for players in sentences])
    return int(np.searchsorted(costs, budget, side="right"))
