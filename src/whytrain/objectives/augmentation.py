"""Sentences made of sentences, for a teacher to label: words masked or replaced, pieces, and two joined."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.data.lexicon import Lexicon
from whytrain.data.words import bare_word, split_words

LONGEST = 5  # words of an n-gram at most

Words = tuple[str | None, ...]  # None: a masked word


class Augmenter:
    """Makes new sentences by masking and replacing words of given ones, or cutting a piece out.

    Each word is masked with probability `mask`, or else replaced with probability `replace` by a word of its
    part of speech, drawn by frequency; with probability `n_gram` only 1 to 5 neighboring words remain.

    References:
        Tang, Lu, Liu, Mou, Vechtomova, Lin (2019), Distilling task-specific knowledge from BERT into simple
        neural networks, section 3.3.
    """

    def __init__(
        self, texts: Sequence[str], lexicon: Lexicon, *, mask: float, replace: float, n_gram: float
    ) -> None:
        """Sort the words of the texts by part of speech; those the lexicon does not know are one kind."""
        self.sentences = [split_words(text) for text in texts]
        self.mask, self.replace, self.n_gram = mask, replace, n_gram
        self._kind: dict[str, str | None] = {}
        self._words: dict[str | None, list[str]] = {}
        self._heaps: dict[str | None, NDArray[np.int64]] = {}
        if replace > 0:
            self._sort(lexicon)

    def _sort(self, lexicon: Lexicon) -> None:
        counts: dict[str | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for words in self.sentences:
            for word in words:
                if word not in self._kind:
                    self._kind[word] = lexicon.part_of_speech(bare_word(word))
                counts[self._kind[word]][word] += 1
        for kind, of_kind in counts.items():
            self._words[kind] = sorted(of_kind)
            self._heaps[kind] = np.cumsum([of_kind[word] for word in self._words[kind]])

    def __call__(self, copies: int, seed: int) -> list[Words]:
        """Return `copies` sentences made of each sentence, without repetitions and sentences of the corpus.

        Args:
            copies: of each sentence.
            seed: decides; the same seed gives the same sentences.
        """
        generator = np.random.default_rng([seed, 0xA6])
        origins = {tuple(words) for words in self.sentences}
        made: dict[Words, None] = {}
        for words in self.sentences:
            for _ in range(copies if words else 0):
                made.setdefault(self._copy(words, generator))
        return [words for words in made if words not in origins]

    def _copy(self, words: list[str], generator: np.random.Generator) -> Words:
        draws = generator.random(len(words))
        copy: list[str | None] = list(words)
        for place in np.flatnonzero(draws < self.mask + self.replace):
            masked = draws[place] < self.mask
            copy[place] = None if masked else self._other(words[place], generator)
        if generator.random() < self.n_gram:
            length = int(generator.integers(1, min(LONGEST, len(words)) + 1))
            start = int(generator.integers(0, len(words) - length + 1))
            copy = copy[start : start + length]
        return tuple(copy)

    def _other(self, word: str, generator: np.random.Generator) -> str:
        heap = self._heaps[self._kind[word]]
        chosen = np.searchsorted(heap, generator.integers(heap[-1]), side="right")
        return self._words[self._kind[word]][int(chosen)]


def written_out(sentence: Words, mask_token: str) -> str:
    """Return a sentence as text, masked words as a tokenizer writes them."""
    return " ".join(mask_token if word is None else word for word in sentence)


def joined_texts(
    texts: Sequence[str],
    n: int,
    seed: int,
    *,
    lengths: NDArray[np.integer] | None = None,
    most: int | None = None,
) -> list[str]:
    """Make n sentences, each of two drawn ones behind each other; fewer where some are too long.

    A network knows its training sentences by heart, so that it says little more of them than their labels do;
    of two that stand together it has to judge anew.

    Args:
        texts: sentences.
        n: pairs that are drawn.
        seed: decides; the same seed draws the same.
        lengths: int (n_texts,), tokens of each; with `most`.
        most: tokens of two together, above which they are left out.

    >>> joined_texts(["good"], n=2, seed=0)
    ['good good', 'good good']
    """
    generator = np.random.default_rng([seed, zlib.crc32(b"joined")])
    pairs = generator.integers(len(texts), size=(n, 2))
    if lengths is not None and most is not None:
        pairs = pairs[lengths[pairs].sum(axis=1) <= most]
    return [f"{texts[a]} {texts[b]}" for a, b in pairs.tolist()]
