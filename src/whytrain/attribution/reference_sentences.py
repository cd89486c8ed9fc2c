"""Which sentences are explained every epoch: fixed by a seed, short enough, within a budget."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from whytrain.attribution.deletion import N_PARTS
from whytrain.attribution.long_texts import divided, sentence_spans
from whytrain.attribution.units import Units, players_in
from whytrain.data.corpus import Split
from whytrain.data.encoded import EncodedSplit
from whytrain.data.tokenization import Tokenizer
from whytrain.data.words import split_words, word_spans
from whytrain.types import PlayerUnit

MIN_WORDS = N_PARTS  # below, a sentence has no beginning, middle and end
_FEW = 0.1  # share of the texts wanted up to which so many short ones are hardly any

Key = tuple[str, int]  # a split's name and a row of it


def choose_rows(split: Split, n_sentences: int, max_words: int, seed: int, name: str) -> list[int]:
    """Choose rows of a split whose texts have 3 to `max_words` words; fewer where there are no more.

    Where hardly any text is so short, longer ones are taken, too, see `players_of_rows`.

    Args:
        split: the texts.
        n_sentences: how many at most.
        max_words: words of a sentence at most.
        seed: of the run.
        name: what the choice is for: two choices of one run differ.
    """
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    short: list[int] = []
    long: list[int] = []
    for row in generator.permutation(len(split)).tolist():
        if len(short) == n_sentences:
            break
        n_words = len(split_words(split.texts[row]))
        if MIN_WORDS <= n_words <= max_words:
            short.append(row)
        elif n_words > max_words and len(long) < n_sentences:
            long.append(row)
    return short if len(short) > _FEW * n_sentences else [*short, *long][:n_sentences]


def players_of_rows(
    split: Split,
    encoded: EncodedSplit,
    rows: Sequence[int],
    tokenizer: Tokenizer,
    max_words: int,
    unit: PlayerUnit = "word",
) -> dict[int, Units]:
    """Return the players of each row, cut as in training; of a longer text those of a passage of it.

    The passage stands alone, as a text of its own. A row is left out where too few words remain, or too many:
    a tokenizer can give tokens to what is no word of `split_words`.
    """
    found = {}
    for row in rows:
        text = passage(split.texts[row], max_words, characters=unit == "character")
        if not text or text.isspace():
            continue
        units = players_in(text, tokenizer, int(encoded.lengths[row]), unit)
        if MIN_WORDS <= len(units) <= max_words:
            found[row] = units
    return found


def passage(text: str, max_words: int, *, characters: bool = False) -> str:
    """Return a sentence of a long text that has 3 to `max_words` words, or else a part of one.

    Always the same one of a text; the text itself where it is short enough.

    >>> passage("So good.", 4), passage("The plot is thin. But who cares? I laughed a lot.", 4)
    ('So good.', 'I laughed a lot.')
    """
    spans = word_spans(text, characters=characters)
    if len(spans) <= max_words:
        return text
    words = [text[begin:end] for begin, end in spans]
    fitting: list[tuple[int, int]] = []
    for parts in (
        sentence_spans(words),
        divided(words, (0, len(words)), math.ceil(len(words) / MIN_WORDS / 2)),
    ):
        fitting = fitting or [(a, b) for a, b in parts if MIN_WORDS <= b - a <= max_words]
    if not fitting:
        return text
    first, end = fitting[zlib.crc32(text.encode("utf-8", "surrogatepass")) % len(fitting)]
    return text[spans[first][0] : spans[end - 1][1]]


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
