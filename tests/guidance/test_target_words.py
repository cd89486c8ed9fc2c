"""Which words are targets, and that random ones are like them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from whytrain.data.lexicon import NoLexicon
from whytrain.errors import ConfigError
from whytrain.guidance.target_words import (
    explained_pairs,
    explained_words,
    matched,
    random_pairs,
    random_words,
    word_counts,
)


def test_words_count_without_case_and_punctuation():
    counts = word_counts(["Good, good film .", "n't a (good) film", ""])
    assert counts == Counter({"good": 3, "film": 2, ".": 1, "n't": 1, "a": 1})


def test_explained_words_are_those_that_decide_most_in_all_texts():
    counts = {"good": 4, "bad": 1, "film": 5, "not": 9, "--": 9}
    sizes = {"awful": 9.0, "not": 8.0, "--": 8.0, "bad": 3.0, "Good,": 2.0, "good": 9.0, "film": 0.0}
    assert explained_words(sizes, counts, NoLexicon(), 9) == ["good", "bad", "film"]
    assert explained_words(sizes, counts, NoLexicon(), 2) == ["good", "bad"]
    assert explained_words({"film": 0.0, "bad": 0.0}, counts, NoLexicon(), 1) == [
        "film"
    ]  # of equals the first


def test_explained_pairs_are_the_first_distinct_ones_that_occur():
    counts = {"good": 1, "bad": 1, "film": 5}
    pairs = [("not", "good"), ("good", "bad"), ("bad,", "Good"), ("film", "film"), ("film", "bad")]
    assert explained_pairs(pairs, counts, 5) == [("bad", "good"), ("bad", "film")]
    assert explained_pairs(pairs, counts, 1) == [("bad", "good")]


def zipf(n: int) -> dict[str, int]:
    return {f"w{rank:04d}": max(1, 3000 // rank) for rank in range(1, n + 1)}


def test_random_words_have_the_same_frequencies():
    counts = zipf(3000)
    words = [f"w{rank:04d}" for rank in (20, 21, 40, 100, 400, 1000, 2000, 2001, 2002)]
    for seed in range(5):
        found = random_words(words, counts, NoLexicon(), np.random.default_rng(seed))
        assert len(set(found)) == len(words)
        assert not set(found) & set(words)
        # Ranks 20 to 40 have counts of their own: among the five nearest the next is at most 5/20 away.
        ratios = [counts[a] / counts[b] for a, b in zip(words, found, strict=True)]
        assert max(ratios) < 1.35
        assert min(ratios) > 0.75
        assert ratios[5:] == [1.0] * 4  # where there are enough of the same count
    draws = {
        tuple(random_words(words, counts, NoLexicon(), np.random.default_rng(seed))) for seed in range(5)
    }
    assert len(draws) == 5
    frequent = {"the": 60, "not": 60, "--": 60, "w0050": 60, "w0001": 3000}
    assert random_words(["w0050"], frequent, NoLexicon(), np.random.default_rng(0)) == ["w0001"]
    again = [random_words(words, counts, NoLexicon(), np.random.default_rng(1)) for _ in range(2)]
    assert again[0] == again[1]


def test_equal_counts_are_equally_likely():
    counts, targets = np.array([7, 3, 3, 3, 3, 3, 3, 3, 3]), np.array([1])
    n = 4000
    found = Counter(matched(counts, targets, np.random.default_rng(seed))[0] for seed in range(n))
    # All seven others of the same count, never the target.
    assert set(found) == set(range(2, 9))
    assert max(abs(count - n / 7) for count in found.values()) < 5 * np.sqrt(n / 7)


def test_too_few_other_words():
    with pytest.raises(
        ConfigError, match=r"needs 2 other words or pairs, the training data has 1: lower guid"
    ):
        matched(np.array([1, 1, 1]), np.array([0, 2]), np.random.default_rng(0))


def test_random_pairs_stand_together_as_often():
    generator = np.random.default_rng(0)
    words = [f"w{i}" for i in range(40)]
    texts = [" ".join(generator.choice(words, 6, replace=False)) for _ in range(400)]
    together = Counter((a, b) for text in texts for a in text.split() for b in text.split() if a < b)
    ranked = [pair for pair, _ in together.most_common()]
    pairs = ranked[:5] + ranked[390:395]
    found = random_pairs(pairs, texts, np.random.default_rng(1))
    assert len(set(found)) == 10
    assert not set(found) & set(pairs)
    for pair, other in zip(pairs, found, strict=True):
        assert abs(np.log(together[pair] / together[tuple(sorted(other))])) < 0.35
