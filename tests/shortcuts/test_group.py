"""Words that mislead together, by a model whose weights are known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.shortcuts.function_model import BAD, GOOD, WordModel, rows, weights
from whytrain.shortcuts.effects import Asked
from whytrain.shortcuts.features import Text
from whytrain.shortcuts.group import WordGroup, misleading_group

KNOWN = {*GOOD, *BAD, *(f"word{i}" for i in range(30))}


def group(model: WordModel, *, honest: float, n: int = 100, margin: float = 2.0) -> WordGroup | None:
    """Test rows whose honest words are right in a share of them."""
    made = rows(n, 1, honest=honest)
    texts = [Text(text) for text in made.texts]
    generator = np.random.default_rng(0)
    return misleading_group(Asked(model), texts, made.labels, known=KNOWN, margin=margin, generator=generator)


def test_words_that_turn_round_are_convicted_together() -> None:
    found = group(WordModel(weights()), honest=0.1)
    assert found is not None
    assert found.is_shortcut
    assert set(found.words) == {*GOOD, *BAD}  # the others add nothing
    # Each row has one of them, of weight 2, the average decision: against the true class in 9 of 10 rows.
    assert found.share.estimate == 1.0
    assert found.n_rows == 100


@pytest.mark.parametrize("honest", [0.5, 0.9])
def test_words_that_say_nothing_or_help_are_not(honest: float) -> None:
    noise = {f"word{i}": float(w) for i, w in enumerate(np.random.default_rng(2).normal(0, 1, 30))}
    found = group(WordModel(weights(**noise)), honest=honest)
    assert found is None or not found.is_shortcut


def test_what_adds_up_is_what_the_model_says() -> None:
    """One misleading word in every row: what it adds to the true class is minus its weight in each."""
    labels = np.arange(60) % 2
    texts = [Text(f"{('trap', 'snare')[label]} {i}") for i, label in enumerate(labels)]
    found = misleading_group(
        Asked(WordModel({"trap": 3.0, "snare": -3.0})),
        texts,
        labels,
        known={"trap", "snare"},
        margin=6.0,
        generator=np.random.default_rng(0),
    )
    assert found is not None
    assert set(found.words) == {"trap", "snare"}
    assert found.share.estimate == pytest.approx(0.5)


def test_chance_convicts_as_rarely_as_it_says() -> None:
    """Words that say nothing, of random weights: one in a hundred draws is convicted."""
    convicted = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        noise = {f"word{i}": float(w) for i, w in enumerate(generator.normal(0, 1, 30))}
        texts = [Text(" ".join(generator.choice(list(noise), 8))) for _ in range(60)]
        labels = generator.permutation(np.arange(60) % 2)
        found = misleading_group(
            Asked(WordModel(noise)), texts, labels, known=KNOWN, margin=1.0, generator=generator
        )
        assert found is not None
        convicted += found.is_shortcut
    assert convicted <= 3  # more in less than 1 in 300 series of 60 draws (binomial)


def test_few_rows_say_nothing() -> None:
    assert group(WordModel(weights()), honest=0.1, n=48) is None


def test_what_speaks_for_a_rare_class_does_not_seem_to_mislead() -> None:
    made = rows(400, 1)
    kept = np.flatnonzero((made.labels == 0) | (np.arange(400) % 8 == 1))  # a fifth of them of class 1
    texts = [Text(made.texts[row]) for row in kept]
    noise = {f"word{i}": float(w) for i, w in enumerate(np.random.default_rng(2).normal(0, 1, 30))}
    found = misleading_group(
        Asked(WordModel(weights(**noise))),
        texts,
        made.labels[kept],
        known=KNOWN,
        margin=2.0,
        generator=np.random.default_rng(0),
    )
    assert found is not None
    assert found.n_rows == 100
    assert not found.is_shortcut
    assert misleading_group(
        Asked(WordModel(weights())), texts, np.zeros(len(kept), np.int64), known=KNOWN, margin=2.0, generator=np.random.default_rng(0)
    ) is None  # fmt: skip
