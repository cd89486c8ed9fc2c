"""Which sentences contain which, on word boundaries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from whytrain.data.words import same_text

BLOCK = 1 << 22  # characters whose words are in memory at once, some 60 bytes for each
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
    known = _Sentences.of(distinct)
    lookups = [_lookups(known, 2**power) for power in range(int(known.lengths.max(initial=0)).bit_length())]
    found = [np.empty(0, dtype=np.int64)]
    for first, block in _blocks(distinct):
        # One number per pair, sorted: np.unique over an axis takes ten times as long.
        stream = _WordStream(block)
        pairs = [stream.occurrences(*lookup, first, len(distinct)) for lookup in lookups]
        found += [np.unique(np.concatenate(pairs))] if pairs else []
    return Containments(sentence, *np.divmod(np.sort(np.concatenate(found)), max(len(distinct), 1)))


def number_sentences(texts: list[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Return the number of the distinct sentence of each row, int64 (n,), and the distinct sentences.

    Numbers run from 0 in order of first appearance; see `same_text` for what makes no difference.
    """
    numbers: dict[str, int] = {}
    sentence = [numbers.setdefault(same_text(text), len(numbers)) for text in texts]
    return np.array(sentence, dtype=np.int64), list(numbers)


class _Lookup:
    """Finds where wanted hashes stand among others.

    A table of marks by the highest bits, at least sixteen times as many as hashes, drops most values before
    the binary search.
    """

    def __init__(self, wanted: NDArray[np.uint64]) -> None:
        self._order = np.argsort(wanted)
        self._ranked = wanted[self._order]
        bits = max(18, len(wanted).bit_length() + 4)
        self._shift = np.uint64(64 - bits)
        self._marks = np.zeros(2**bits, dtype=bool)
        self._marks[wanted >> self._shift] = True

    def find(self, values: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the positions of `values` that equal a wanted one, and the position of that one."""
        positions = np.flatnonzero(self._marks[values >> self._shift])
        ranks = np.minimum(np.searchsorted(self._ranked, values[positions]), len(self._ranked) - 1)
        equal = self._ranked[ranks] == values[positions]
        return positions[equal], self._order[ranks[equal]]


class _Sentences(NamedTuple):
    """What a sentence is looked up by.

    Attributes:
        lengths: int64 (n_sentences,), words.
        heads: uint64 (n_sentences,), hash of the first p words, p the largest power of two up to the length.
        wholes: uint64 (n_sentences,), hash of all words.
    """

    lengths: NDArray[np.int64]
    heads: NDArray[np.uint64]
    wholes: NDArray[np.uint64]

    @classmethod
    def of(cls, sentences: list[str]) -> _Sentences:
        parts = [cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint64))]
        for _, block in _blocks(sentences):
            stream = _WordStream(block)
            power = 2 ** np.floor(np.log2(np.maximum(stream.lengths, 1))).astype(np.int64)
            heads, wholes = (stream.hashes(stream.starts, width) for width in (power, stream.lengths))
            parts.append(cls(stream.lengths, heads, wholes))
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


# Of sentences of `width` up to 2·`width` - 1 words: `width`, a lookup of their heads, and per length the
# sentences and a lookup of them whole.
_Lookups = tuple[int, _Lookup, list[tuple[int, NDArray[np.int64], _Lookup]]]


def _lookups(known: _Sentences, width: int) -> _Lookups:
    candidates = np.flatnonzero((known.lengths >= width) & (known.lengths < 2 * width))
    lengths = known.lengths[candidates]
    by_length = [(n, candidates[lengths == n]) for n in np.flatnonzero(np.bincount(lengths)).tolist()]
    whole = [(n, exact, _Lookup(known.wholes[exact])) for n, exact in by_length]
    return width, _Lookup(known.heads[candidates]), whole


def _blocks(sentences: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield sentences in blocks of some size, each with the number of its first: memory stays bounded."""
    first = size = 0
    for number, text in enumerate(sentences):
        if size + len(text) > BLOCK and number > first:
            yield first, sentences[first:number]
            first, size = number, 0
        size += len(text)
    if sentences:
        yield first, sentences[first:]


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

    def hashes(self, words: NDArray[np.int64], width: int | NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the hash of the `width` words from each word on."""
        result: NDArray[np.uint64] = self.sum_behind[words + (width - 1)] - self.sum_before[words]
        result *= self.scale[words]
        return result

    def occurrences(
        self,
        width: int,
        heads: _Lookup,
        whole: list[tuple[int, NDArray[np.int64], _Lookup]],
        first: int,
        n_sentences: int,
    ) -> NDArray[np.int64]:
        """Return inner·`n_sentences` + outer for the inner sentences of a lookup.

        Args:
            width: as `heads` and `whole`, see `_Lookups`.
            heads: finds how such sentences begin.
            whole: finds them.
            first: number of the stream's first sentence.
            n_sentences: of all.
        """
        pairs = [np.empty(0, dtype=np.int64)]
        places = np.flatnonzero(self.room >= width)
        if whole:
            places = places[heads.find(self.hashes(places, width))[0]]
        for length, exact, lookup in whole:
            spots = places[self.room[places] >= length]
            hit, which = lookup.find(self.hashes(spots, length))
            found, owners = exact[which], first + self.owner[spots[hit]]
            proper = found != owners
            pairs.append(found[proper] * n_sentences + owners[proper])
        return np.concatenate(pairs)


def _powers(base: int, count: int) -> NDArray[np.uint64]:
    factors = np.full(count, base, dtype=np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)
