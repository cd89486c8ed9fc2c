"""Which words and pairs of words guided training acts on: the explained ones, or random ones like them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, triu

from whytrain.data.lexicon import FUNCTION, SYMBOL, Lexicon
from whytrain.data.words import bare_word, split_words
from whytrain.errors import ConfigError
from whytrain.guidance.marked_words import MarkedWords
from whytrain.shortcuts.marks import Mark

Pair = tuple[str, str]

NEAREST = 5  # entries of nearest count among which one is drawn where too few have the same count


def word_counts(texts: Sequence[str]) -> Counter[str]:
    """Count the words of texts, in lower case and without the punctuation around them."""
    counts: Counter[str] = Counter()
    for word, count in Counter(word for text in texts for word in split_words(text)).items():
        counts[bare_word(word)] += count
    return counts


def explained_words(
    sizes: Mapping[str, float], counts: Mapping[str, int], lexicon: Lexicon, n_words: int
) -> list[str]:
    """Return the words that decide most in all of the texts: by size times count, at most `n_words`.

    Function words and symbols are left out where the lexicon knows them: a sentence without its "not" is
    another sentence.

    Args:
        sizes: of a word's Shapley values, see `whytrain.attribution.tables.sure_size`; of equal ones the
            first counts more.
        counts: of the words of the texts; others are left out.
        lexicon: tells parts of speech.
        n_words: how many at most.
    """
    influence: dict[str, float] = {}
    for word, size in sizes.items():
        bare = bare_word(word)
        if bare in counts and lexicon.part_of_speech(bare) not in (FUNCTION, SYMBOL):
            influence.setdefault(bare, size * counts[bare])
    return sorted(influence, key=lambda word: -influence[word])[:n_words]


def explained_pairs(ranked: Sequence[Pair], counts: Mapping[str, int], n_pairs: int) -> list[Pair]:
    """Return the first distinct pairs of two different words that occur, each in alphabetical order."""
    sorted_pairs = (tuple(sorted(map(bare_word, pair))) for pair in ranked)
    distinct = dict.fromkeys((a, b) for a, b in sorted_pairs if a != b and a in counts and b in counts)
    return list(distinct)[:n_pairs]


def random_words(
    words: Sequence[str], counts: Mapping[str, int], lexicon: Lexicon, generator: np.random.Generator
) -> list[str]:
    """Return as many other words, each about as frequent as one of the given ones; no function words."""
    vocabulary = sorted(word for word in counts if lexicon.part_of_speech(word) not in (FUNCTION, SYMBOL))
    number = {word: i for i, word in enumerate(vocabulary)}
    frequencies = np.array([counts[word] for word in vocabulary])
    found = matched(frequencies, np.array([number[word] for word in words], dtype=np.int64), generator)
    return [vocabulary[i] for i in found]


def random_pairs(
    pairs: Sequence[Pair],
    texts: Sequence[str],
    generator: np.random.Generator,
    avoid: Collection[str] = (),
) -> list[Pair]:
    """Return as many other pairs, each together in about as many texts as one of the given ones.

    None has a word to avoid.
    """
    vocabulary, first, second, together = _cooccurrences(texts)
    number = {word: i for i, word in enumerate(vocabulary)}
    place = {pair: i for i, pair in enumerate(zip(first.tolist(), second.tolist(), strict=True))}
    found = [place.get((number[a], number[b])) for a, b in pairs]
    targets = np.array([t for t in found if t is not None], dtype=np.int64)
    avoided = np.isin(np.array(vocabulary), list(avoid))
    usable = ~(avoided[first] | avoided[second])
    usable[targets] = True
    kept = np.flatnonzero(usable)
    drawn = matched(together[kept], np.searchsorted(kept, targets), generator)
    return [(vocabulary[first[i]], vocabulary[second[i]]) for i in kept[drawn].tolist()]


def random_marks(marked: MarkedWords, generator: np.random.Generator) -> list[Mark]:
    """Return as many marks of other words, each word about as frequent as one of the marked ones.

    Two words of a pair stand together about as often as the marked ones; instead of the matches of a pattern
    a word is marked that stands about as often as they do.
    """
    counts, texts = marked.words.counts, marked.words.texts
    avoid = {
        bare_word(word)
        for row, spans in marked.spans().items()
        for begin, end in spans
        for word in split_words(texts[row][begin:end])
    }
    singles = [mark for mark in marked.marks if mark.kind == "words"]
    patterns = [mark for mark in marked.marks if mark.kind == "pattern"]
    words = [word for mark in singles for word in mark.words]
    others = sorted(counts.keys() - avoid)
    frequencies = [counts[word] for word in [*others, *words]]
    frequencies += [sum(map(len, marked.matches[mark].values())) for mark in patterns]
    targets = np.arange(len(others), len(frequencies))
    drawn = iter([others[i] for i in matched(np.array(frequencies), targets, generator)])
    found = [replace(mark, words=tuple(next(drawn) for _ in mark.words)) for mark in singles]
    found += [Mark(words=(next(drawn),)) for _ in patterns]
    for kind in ("pair", "ordered_pair"):
        pairs = [(a, b) for mark in marked.marks if mark.kind == kind for a, b in [sorted(mark.words)]]
        if pairs:
            found += [Mark(words=pair, kind=kind) for pair in random_pairs(pairs, texts, generator, avoid)]
    return found


def matched(
    counts: NDArray[np.int64], targets: NDArray[np.int64], generator: np.random.Generator
) -> list[int]:
    """Draw for each target another entry of like count; none is drawn twice, and none is a target.

    Drawn from the entries of the same count, or where these are fewer than `NEAREST`, from as many that are
    nearest in log count.

    Args:
        counts: int64 (n,), at least 1.
        targets: int64 (n_targets,), entries to be matched, all different.
        generator: decides.

    Raises:
        ConfigError: there are fewer than `n_targets` other entries.
    """
    others = np.setdiff1d(generator.permutation(len(counts)), targets, assume_unique=True)
    if len(others) < len(targets):
        raise ConfigError(
            f"guidance.targets=random needs {len(targets)} other words or pairs, the training data has "
            f"{len(others)}: lower guidance.top_words, or mark less"
        )
    order = others[np.argsort(counts[others], kind="stable")]  # random among equal counts
    ranked, taken = counts[order], np.zeros(len(order), dtype=bool)
    reach = len(targets) + NEAREST  # so many suffice, whoever is taken
    found = []
    for target in targets:
        low, high = (
            np.searchsorted(ranked, counts[target], "left"),
            np.searchsorted(ranked, counts[target], "right"),
        )
        window = slice(max(0, low - reach), min(high, low + reach) + reach)
        free = np.flatnonzero(~taken[window]) + window.start
        distance = np.abs(np.log(ranked[free] / counts[target]))
        nearest = free[np.argsort(distance, kind="stable")]
        n_equal = int((distance == 0).sum())
        chosen = nearest[generator.integers(max(n_equal, min(NEAREST, len(nearest))))]
        taken[chosen] = True
        found.append(int(order[chosen]))
    return found


def _cooccurrences(
    texts: Sequence[str],
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the vocabulary, and of all pairs that stand together: both words and in how many texts."""
    words_of_text = [sorted({bare_word(word) for word in split_words(text)}) for text in texts]
    vocabulary = sorted({word for words in words_of_text for word in words})
    number = {word: i for i, word in enumerate(vocabulary)}
    rows = np.repeat(np.arange(len(texts)), [len(words) for words in words_of_text])
    columns = np.array([number[word] for words in words_of_text for word in words], dtype=np.int64)
    stands = coo_array(
        (np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=(len(texts), len(vocabulary))
    )
    together = triu((stands.T @ stands).tocoo(), k=1).tocoo()
    return vocabulary, together.coords[0], together.coords[1], together.data
