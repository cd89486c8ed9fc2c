"""Which sentences contain which, on word boundaries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from whytrain.data.words import normalize_whitespace

BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64


class Containments(NamedTuple):
    """Pairs of distinct sentences of which one contains the other.

    Attributes:
        sentence: int64 (n,), the number of the distinct sentence that each row is; 0, 1, … in order of
            first appearance.
        inner: int64 (n_pairs,), distinct sentences whose words stand, in a row, in …
        outer: int64 (n_pairs,), … this longer distinct sentence. A pair appears once.
    """

    sentence: NDArray[np.int64]
    inner: NDArray[np.int64]
    outer: NDArray[np.int64]


def containments(texts: list[str]) -> Containments:
    """Find all pairs of sentences of which one contains the other.

    Sentences are sequences of words (`split_words`), so that "art" is not contained in "a smart film",
    and whitespace does not matter. Windows of whole words are compared with sentences by a 64-bit
    polynomial hash of their bytes, h(i, k) = Σ_{i≤j<k} v(byte j)·b^(j-i) modulo 2^64 with random v and an
    odd b: a false pair has a chance of about n_windows·n_sentences / 2^64, 1e-7 for SST-2.

    A sentence of m words is looked up only where its first p words stand, p the largest power of two
    up to m: log2 of the longest sentence passes over the stream decide where to look at all.

    Args:
        texts: n sentences.

    >>> found = containments(["a fine film", "fine film", "film"])
    >>> list(zip(found.inner.tolist(), found.outer.tolist()))
    [(1, 0), (2, 0), (2, 1)]
    """
    sentence, distinct = number_sentences(texts)
    inner, outer = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    if distinct:
        stream = _WordStream(distinct)
        for power in range(int(stream.lengths.max()).bit_length()):
            found = stream.occurrences(2**power)
            inner.append(found[0])
            outer.append(found[1])
    # One number per pair, sorted: np.unique over an axis takes ten times as long.
    pairs = np.sort(np.concatenate(inner) * len(distinct) + np.concatenate(outer))
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    return Containments(sentence, *np.divmod(pairs, max(len(distinct), 1)))


def number_sentences(texts: list[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Return the number of the distinct sentence of each row, int64 (n,), and the distinct sentences.

    Numbers run from 0 in order of first appearance; whitespace does not matter.
    """
    numbers: dict[str, int] = {}
    sentence = [numbers.setdefault(normalize_whitespace(text), len(numbers)) for text in texts]
    return np.array(sentence, dtype=np.int64), list(numbers)


class _WordStream:
    """All words of distinct sentences, one after another, with the hash of any window in one step."""

    def __init__(self, sentences: list[str]) -> None:
        content = np.frombuffer("\n".join(sentences).encode(), dtype=np.uint8)
        gaps = np.flatnonzero((content == ord(" ")) | (content == ord("\n")))
        begins = np.concatenate([[0], gaps + 1])
        ends = np.concatenate([gaps, [len(content)]])
        last_words = np.append(np.flatnonzero(content[gaps] == ord("\n")), len(gaps))
        self.lengths = np.diff(last_words, prepend=-1)
        self.starts = last_words - self.lengths + 1
        self.owner = np.repeat(np.arange(len(sentences)), self.lengths)
        self.room = np.repeat(last_words + 1, self.lengths) - np.arange(len(begins))
        values = np.random.default_rng(0).integers(0, 2**64, size=256, dtype=np.uint64)
        sums = np.zeros(len(content) + 1, dtype=np.uint64)
        np.cumsum(values[content] * _powers(BASE, len(content)), out=sums[1:])
        self.sum_before, self.sum_behind = sums[begins], sums[ends]
        self.scale = _powers(pow(BASE, -1, 2**64), len(content) + 1)[begins]

    def hashes(self, words: NDArray[np.int64], width: int) -> NDArray[np.uint64]:
        """Return the hash of the `width` words from each word on."""
        result: NDArray[np.uint64] = self.sum_behind[words + (width - 1)] - self.sum_before[words]
        result *= self.scale[words]
        return result

    def occurrences(self, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (inner, outer) for inner sentences of `width` up to 2·`width` - 1 words."""
        candidates = np.flatnonzero((self.lengths >= width) & (self.lengths < 2 * width))
        inner: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        outer: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        if not candidates.size:
            return inner[0], outer[0]
        places = np.flatnonzero(self.room >= width)
        places = places[_find(self.hashes(places, width), self.hashes(self.starts[candidates], width))[0]]
        for length in np.flatnonzero(np.bincount(self.lengths[candidates])).tolist():
            exact = candidates[self.lengths[candidates] == length]
            spots = places[self.room[places] >= length]
            hit, which = _find(self.hashes(spots, length), self.hashes(self.starts[exact], length))
            found, owners = exact[which], self.owner[spots[hit]]
            proper = found != owners
            inner.append(found[proper])
            outer.append(owners[proper])
        return np.concatenate(inner), np.concatenate(outer)


def _powers(base: int, count: int) -> NDArray[np.uint64]:
    factors = np.full(count, base, dtype=np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _find(
    values: NDArray[np.uint64], wanted: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of `values` that equal a wanted one, and the position of that one.

    A table of 2^18 marks by the highest bits drops most values before the binary search.
    """
    marks = np.zeros(2**18, dtype=bool)
    marks[wanted >> np.uint64(46)] = True
    positions = np.flatnonzero(marks[values >> np.uint64(46)])
    order = np.argsort(wanted)
    ranked = wanted[order]
    ranks = np.minimum(np.searchsorted(ranked, values[positions]), len(ranked) - 1)
    equal = ranked[ranks] == values[positions]
    return positions[equal], order[ranks[equal]]
