"""The trigram model against counts by hand, its sum to 1, and NLTK."""

from __future__ import annotations

import math

import pytest

from whytrain.counterfactuals.fluency import Fluency, words_of

TEXTS = ["a fine film", "a fine plot", "a dull film", "the film"]


def test_by_hand() -> None:
    fluency = Fluency(["a b", "a c"])
    # Kinds of words before: a 1 (the begin), b 1, c 1, the end 2 (after b and after c): 5 bigrams, 4 words.
    unigram = (1 - 0.75) / 5 + 0.75 * 4 / 5 / 5
    # Bigrams behind "a" count in how many contexts they stand: b 1, c 1, so 2 in all, of 2 kinds.
    bigram = (1 - 0.75) / 2 + 0.75 * 2 / 2 * unigram
    # Trigrams behind (begin, a): b once, c once.
    assert fluency.probability("b", ("\x02", "a")) == pytest.approx((1 - 0.75) / 2 + 0.75 * bigram, abs=1e-15)


@pytest.mark.parametrize("before", [("a", "fine"), ("never", "seen"), ("plot", "a"), ("a",), ()])
def test_what_may_follow_sums_to_one(before: tuple[str, ...]) -> None:
    fluency = Fluency(TEXTS)
    vocabulary = {word for text in TEXTS for word in text.split()} | {"\x03", "never seen"}
    assert sum(fluency.probability(word, before) for word in vocabulary) == pytest.approx(1, abs=1e-12)


def test_as_nltk_has_it() -> None:
    """NLTK has the same model but for what stands below single words, which it leaves unsmoothed."""
    lm = pytest.importorskip("nltk.lm")
    from nltk.lm.preprocessing import pad_both_ends
    from nltk.util import everygrams

    fluency, words = Fluency(TEXTS), [text.split() for text in TEXTS]
    padded = [[*pad_both_ends(sentence, n=3)][:-1] for sentence in words]  # one end only, as here
    model = lm.KneserNeyInterpolated(3, discount=0.75)
    model.fit([list(everygrams(s, max_len=3)) for s in padded], [w for s in padded for w in s])
    seen = fluency.probability("plot", ("a", "fine"))
    theirs = model.score("plot", ["a", "fine"])
    # The share 0.75² of two discounts reaches the single words, whose probabilities differ by less than 0.1.
    assert seen == pytest.approx(theirs, abs=0.75**2 * 0.1)


def test_a_change_is_the_difference_of_both_sentences() -> None:
    fluency, words = Fluency(TEXTS), words_of("A fine film, the plot")
    changed = ["a", "dull", "film", "the", "film"]
    difference = fluency.log_probability(changed) - fluency.log_probability(words)
    assert fluency.change(words, {1: "dull", 4: "film"}) == pytest.approx(difference, abs=1e-12)
    assert fluency.log_probability(["a", "fine", "film"]) > fluency.log_probability(["film", "fine", "a"])
    assert math.isfinite(fluency.log_probability(["unheard", "of"]))


def test_what_fits_stands_beside_the_neighbors_and_the_likeliest_first() -> None:
    found = Fluency([*TEXTS, "a dull film"]).fitting(["a", "fine", "film"], 1, 5)
    assert found[0] == "dull"
    assert "fine" not in found
    assert "plot" not in found  # neither behind "a" nor before "film"
