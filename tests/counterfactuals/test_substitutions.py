"""The fewest changed words against all sets of changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest
from numpy.typing import NDArray

from whytrain.counterfactuals.candidates import Candidates
from whytrain.counterfactuals.fluency import Fluency
from whytrain.counterfactuals.substitutions import least_substitutions
from whytrain.data.lexicon import NoLexicon

WORDS = ["ant", "bee", "cat", "dog", "elk", "fox"]
CORPUS = ["ant bee cat", "bee dog elk", "fox ant dog", "cat elk fox bee", "dog ant ant"]


class Model:
    """Adds a weight for each word at each place, and some for pairs of words."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.weights = {word: rng.normal() for word in WORDS}
        self.pairs = {(a, b): rng.normal(0, 0.5) for a, b in product(WORDS, WORDS)}
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        self.asked += texts
        scores = []
        for text in texts:
            words = text.split()
            scores.append(sum(self.weights[w] for w in words) + sum(self.pairs[p] for p in pairwise(words)))
        p = 1 / (1 + np.exp(-np.array(scores)))
        return np.stack([1 - p, p], axis=1)


def others(words: Sequence[str], place: int) -> list[str]:
    return [word for word in WORDS if word != words[place]]


def brute_force(model: Model, text: str) -> tuple[int, list[str]]:
    """Return the least number of changed words, and all texts with so many that turn the answer."""
    words = text.split()
    texts = [" ".join(combination) for combination in product(WORDS, repeat=len(words))]
    answers = model(texts).argmax(axis=1)
    whole = model([text])[0].argmax()
    changed = [sum(a != b for a, b in zip(t.split(), words, strict=True)) for t in texts]
    least = min(n for n, answer in zip(changed, answers, strict=True) if answer != whole)
    turned = [t for t, n, a in zip(texts, changed, answers, strict=True) if a != whole and n == least]
    return least, turned


@pytest.mark.parametrize("seed", range(8))
def test_the_least_and_of_these_the_most_fluent(seed: int) -> None:
    model, fluency = Model(seed), Fluency(CORPUS)
    text = " ".join(np.random.default_rng(seed).choice(WORDS, 4))
    least, turned = brute_force(model, text)
    found = least_substitutions(model, text, others, fluency, budget=10**6)
    assert found.is_least
    assert found.is_complete
    assert len(found.found[0].changes) == least
    best = max(turned, key=lambda t: fluency.log_probability(t.split()))
    assert fluency.log_probability(found.found[0].text.split()) == pytest.approx(
        fluency.log_probability(best.split()), abs=1e-9
    )


def test_beyond_the_budget_a_beam_goes_on_from_single_words() -> None:
    def predict(texts: Sequence[str]) -> NDArray[np.float64]:  # all but one "bee" must go
        p = np.array([0.12 + 0.2 * text.split().count("bee") for text in texts])
        return np.stack([1 - p, p], axis=1)

    found = least_substitutions(predict, "bee bee bee bee", others, Fluency(CORPUS), budget=6)
    assert len(found.found[0].changes) == 3
    assert found.found[0].probability == pytest.approx(0.32, abs=1e-12)
    assert (found.is_least, found.is_complete) == (False, False)  # not all pairs were tried
    assert len(found.found[0].changes) == 3


def test_two_words_are_the_least_where_all_single_ones_were_tried() -> None:
    def predict(texts: Sequence[str]) -> NDArray[np.float64]:
        p = np.array([0.2 * text.split().count("bee") for text in texts])
        return np.stack([1 - p, p], axis=1)

    found = least_substitutions(predict, "bee bee bee bee", others, Fluency(CORPUS), budget=6)
    assert len(found.found[0].changes) == 2
    assert (found.is_least, found.is_complete) == (True, False)


def test_what_nothing_turns() -> None:
    def never(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.tile([0.1, 0.9], (len(texts), 1))

    found = least_substitutions(never, "ant bee", others, Fluency(CORPUS), most=2)
    assert (found.found, found.is_least, found.is_complete) == ((), False, False)


class Kinds(NoLexicon):
    def part_of_speech(self, word: str) -> str | None:
        return "a" if word in ("fine", "dull", "grand") else super().part_of_speech(word)

    def antonyms(self, word: str) -> tuple[str, ...]:
        return {"fine": ("dull",)}.get(word, ())


def test_candidates_keep_the_part_of_speech_and_opposites_come_first() -> None:
    texts = ["a grand film", "a grand film", "a film", "the fine film", "a the film"]
    candidates = Candidates(Fluency(texts), Kinds(), None, per_word=5)
    assert candidates(["a", "fine", "film"], 1) == ["dull", "grand"]  # no article
    assert candidates(["a", "!"], 1) == []
