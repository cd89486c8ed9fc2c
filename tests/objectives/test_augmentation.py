"""Sentences made of sentences: rates, parts of speech, n-grams, and the seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom, chisquare

from whytrain.data.lexicon import NoLexicon
from whytrain.objectives.augmentation import Augmenter, joined_texts, written_out

TEXTS = ["Good film .", "bad film !", "good good plot", "fine plot ."]


class Adjectives(NoLexicon):
    def part_of_speech(self, word: str) -> str | None:
        return "a" if word in ("good", "bad", "fine") else super().part_of_speech(word)


def augmenter(texts=TEXTS, **how: float) -> Augmenter:
    return Augmenter(texts, Adjectives(), **{"mask": 0.0, "replace": 0.0, "n_gram": 0.0} | how)


def long_sentence(n: int) -> list[str]:
    return [" ".join(f"w{i}" for i in range(n))]


@pytest.mark.parametrize("rate", [0.1, 0.6])
def test_words_are_masked_as_often_as_said(rate):
    n = 20_000
    [made] = augmenter(long_sentence(n), mask=rate)(1, seed=0)
    assert all(word is None or word == f"w{i}" for i, word in enumerate(made))
    low, high = binom.interval(1 - 1e-6, n, rate)  # one right implementation in a million falls outside
    assert low <= made.count(None) <= high


def test_words_are_replaced_by_their_part_of_speech_in_proportion_to_its_words():
    # 3 good (one of them capitalized), 1 bad, 1 fine; film and plot; full stops and an exclamation mark.
    n = 6000
    made = augmenter([*TEXTS[:3], TEXTS[3]], replace=1.0)
    firsts = Counter(made._other("bad", np.random.default_rng(seed)) for seed in range(n))
    assert set(firsts) == {"Good", "good", "bad", "fine"}
    expected = {"Good": 1, "good": 2, "bad": 1, "fine": 1}
    counts = [firsts[word] for word in expected]
    assert chisquare(counts, [n * share / 5 for share in expected.values()]).pvalue > 1e-6
    assert {made._other("!", np.random.default_rng(seed)) for seed in range(50)} == {".", "!"}
    assert {made._other("film", np.random.default_rng(seed)) for seed in range(50)} == {"film", "plot"}


def test_masking_comes_before_replacing_and_both_add_up():
    n = 20_000
    texts = long_sentence(n)
    [made] = augmenter(texts, mask=0.2, replace=0.3)(1, seed=0)
    kept = sum(word == f"w{i}" for i, word in enumerate(made))
    low, high = binom.interval(1 - 1e-6, n, 0.5)
    assert low <= kept <= high + n * 0.3 / n * 10  # a word replaces itself once in n draws


def test_n_grams_are_pieces_of_their_sentence():
    text = "a b c d e f g h"
    made = augmenter([text], n_gram=1.0)(400, seed=0)
    assert {len(words) for words in made} == {1, 2, 3, 4, 5}
    assert all(" ".join(words) in text for words in made)
    # Every start and length occurs: 8 + 7 + 6 + 5 + 4 pieces.
    assert len(made) == 30
    assert {len(words) for words in augmenter(["a b"], n_gram=1.0)(50, seed=0)} == {1}  # "a b" is its origin


def test_what_is_made_is_new_and_depends_on_the_seed_alone():
    make = augmenter(mask=0.3, replace=0.3, n_gram=0.3)
    first, again, other = make(5, seed=1), make(5, seed=1), make(5, seed=2)
    assert first == again != other
    assert len(set(first)) == len(first)
    assert not {tuple(text.split()) for text in TEXTS} & set(first)
    assert augmenter()(5, seed=1) == []  # nothing changes: nothing is new


def test_masked_words_are_written_as_the_tokenizer_does():
    assert written_out(("a", None, "film"), "<mask>") == "a <mask> film"


def test_joined_sentences_are_two_of_the_sample() -> None:
    texts = [f"w{i}" for i in range(50)]
    made = joined_texts(texts, 2000, seed=0)
    pairs = [text.split(" ") for text in made]
    assert len(made) == 2000
    assert {len(pair) for pair in pairs} == {2}
    for place in (0, 1):  # each sentence is drawn as often as the others: five standard deviations of 2000/50
        counts = np.unique([pair[place] for pair in pairs], return_counts=True)[1]
        assert len(counts) == 50
        assert abs(counts - 40).max() < 5 * np.sqrt(40)
    assert joined_texts(texts, 2000, seed=0) == made != joined_texts(texts, 2000, seed=1)


def test_joined_sentences_that_would_be_cut_are_left_out() -> None:
    texts = ["a b", "c d e", "f g h i j"]
    lengths = np.array([2, 3, 5])
    made = joined_texts(texts, 200, seed=0, lengths=lengths, most=7)
    assert {len(text.split()) for text in made} == {4, 5, 6, 7}
    drawn = joined_texts(texts, 200, seed=0)
    assert made == [text for text in drawn if len(text.split()) <= 7]
