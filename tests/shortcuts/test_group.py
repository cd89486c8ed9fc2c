"""Words that mislead together, by a model whose weights are known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from tests.shortcuts.function_model import BAD, FILLERS, GOOD, rows, weights
from whytrain.shortcuts.features import Text
from whytrain.shortcuts.group import MOST_WORDS, WordGroup, misleading_group
from whytrain.shortcuts.texts import LabeledTexts
from whytrain.shortcuts.word_weights import WordWeights

NOISE = {word: float(w) for word, w in zip(FILLERS, np.random.default_rng(2).normal(0, 1, 30), strict=True)}


def known(of_words: Mapping[str, float]) -> WordWeights:
    """What is known of a model: what each word adds to class 1, and takes from class 0."""
    values = np.array(list(of_words.values())) / 2
    return WordWeights(
        columns={word: i for i, word in enumerate(of_words)}, values=np.array([-values, values])
    )


def group(of_words: Mapping[str, float], check: LabeledTexts, *without: str) -> WordGroup | None:
    """Look for words that mislead in check rows."""
    return misleading_group(
        known(of_words),
        [Text(text) for text in check.texts],
        check.labels,
        known=set(of_words) - set(without),
        generator=np.random.default_rng(0),
    )


def test_words_that_turn_round_are_convicted_together() -> None:
    check = rows(600, 1, honest=0.1)
    found = group(weights(), check)
    assert found is not None
    assert found.is_shortcut
    assert set(found.words) == {*GOOD, *BAD}  # the others add nothing
    # Each row has one of them, as weighty as the average decision: against the true class in 9 of 10 rows.
    assert found.share.estimate == pytest.approx(0.8, abs=0.05)
    assert found.share.low > 0.7
    assert found.n_rows == 600


def test_words_that_do_not_count_are_left_out() -> None:
    found = group(weights(), rows(100, 1, honest=0.1), *GOOD)
    assert found is not None
    assert set(found.words) == set(BAD)


def test_the_share_is_what_is_taken_of_what_all_words_say() -> None:
    """One misleading word in every row, and one that helps: the first takes 3 of the 3 - 1 that are said."""
    labels = np.arange(60) % 2
    texts = [f"{('trap', 'snare')[label]} {('low', 'high')[label]}" for label in labels]
    check = LabeledTexts(ids=[], texts=texts, labels=labels)
    found = group({"trap": 3.0, "snare": -3.0, "low": -1.0, "high": 1.0}, check)
    assert found is not None
    assert set(found.words) == {"trap", "snare"}
    assert (found.share.low, found.share.high) == (pytest.approx(1.5), pytest.approx(1.5))


@pytest.mark.parametrize("honest", [0.5, 0.6, 0.9])
def test_words_that_say_nothing_or_help_are_not(honest: float) -> None:
    for seed in range(10):
        found = group(weights(**NOISE), rows(100, seed, honest=honest))
        assert found is None or not found.is_shortcut


def test_chance_convicts_as_rarely_as_it_says() -> None:
    """Words that say nothing, of random weights: one in a hundred draws is convicted."""
    convicted = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        noise = {word: float(w) for word, w in zip(FILLERS, generator.normal(0, 1, 30), strict=True)}
        texts = [" ".join(generator.choice(FILLERS, 8)) for _ in range(60)]
        labels = generator.permutation(np.arange(60) % 2)
        found = group(noise, LabeledTexts(ids=[], texts=texts, labels=labels))
        assert found is not None
        convicted += found.is_shortcut
    assert convicted <= 3  # more in less than 1 in 300 series of 60 draws (binomial)


def test_few_rows_say_nothing() -> None:
    made = rows(60, 1, honest=0.1)
    assert group(weights(), rows(48, 1, honest=0.1)) is None
    weighed = WordWeights(columns={"good1": 0}, values=np.zeros((60, 1)))
    texts, classes = [Text(text) for text in made.texts], np.arange(60)  # a row of each of sixty classes
    generator = np.random.default_rng(0)
    assert misleading_group(weighed, texts, classes, known={"good1"}, generator=generator) is None


def test_at_most_so_many_words_are_named() -> None:
    many = {f"word{i}x": 1.0 for i in range(MOST_WORDS + 300)}
    labels = np.repeat([0, 1], [210, 25])
    texts = [" ".join(list(many)) if label == 0 else "other" for label in labels]
    found = group(many, LabeledTexts(ids=[], texts=texts, labels=labels))
    assert found is not None
    assert len(found.words) == MOST_WORDS


def test_what_speaks_for_a_rare_class_does_not_seem_to_mislead() -> None:
    made = rows(400, 1)
    kept = np.flatnonzero((made.labels == 0) | (np.arange(400) % 8 == 1))  # a fifth of them of class 1
    check = LabeledTexts(ids=[], texts=[made.texts[row] for row in kept], labels=made.labels[kept])
    # All speak for class 1, and so against the class of four in five check rows.
    found = group({word: 1.0 + weight / 10 for word, weight in NOISE.items()}, check)
    assert found is not None
    assert found.n_rows == 250
    assert not found.is_shortcut
    one_class = LabeledTexts(ids=[], texts=check.texts, labels=np.zeros(len(kept), np.int64))
    assert group(weights(), one_class) is None
