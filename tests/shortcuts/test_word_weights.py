"""What words say to a model whose weights are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.shortcuts.function_model import BAD, GOOD, WordModel, rows, weights
from whytrain.shortcuts.effects import Ask, Asked
from whytrain.shortcuts.features import Text
from whytrain.shortcuts.word_weights import QUESTIONS, WordWeights, word_weights


def learned(model: Ask, texts: Sequence[str]) -> WordWeights:
    return word_weights(Asked(model), [Text(text) for text in texts], np.random.default_rng(0))


def test_words_are_ranked_as_the_model_weighs_them() -> None:
    model = WordModel(weights(word3=1.0, word4=-1.0))
    found = learned(model, rows(300, 0).texts)
    assert model.n <= QUESTIONS
    assert np.allclose(found.values.sum(axis=0), 0.0)
    of = {word: found.values[1, column] for word, column in found.columns.items()}
    assert min(of[word] for word in GOOD) > of["word3"] > of["word5"] > of["word4"]
    assert of["word4"] > max(of[word] for word in BAD)
    assert np.corrcoef(list(of.values()), [model.of_words.get(word, 0.0) for word in of])[0, 1] > 0.98


def test_what_the_labels_say_and_the_model_does_not_read_counts_nothing() -> None:
    """A repaired model: the rows still have the plant."""
    found = learned(WordModel(weights()), rows(300, 0, ("a", "the")).texts)
    plant, honest = (
        np.abs(found.values[1, [found.columns[w] for w in words]]) for words in (("a", "the"), GOOD)
    )
    assert plant.max() < 0.2 * honest.min()


def test_what_a_word_adds_is_told_of_the_true_class() -> None:
    found = learned(WordModel({"good": 4.0, "bad": -4.0}), ["good film", "bad bad plot", "unheard sound"])
    texts = [Text(text) for text in ("good film", "bad bad plot", "sound", "nothing known")]
    adds = found.toward_true(texts, np.array([1, 1, 0, 0])).toarray()
    good, bad = found.columns["good"], found.columns["bad"]
    assert adds[0, good] == found.values[1, good] > 0
    assert adds[1, bad] == found.values[1, bad] < 0  # once, however often it stands
    assert adds[0, bad] == 0
    assert not adds[3].any()


def test_several_classes() -> None:
    def signs(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([[4.0 * (f"sign{k}" in text) for k in range(3)] for text in texts])

    found = learned(signs, [f"{text} sign{row % 3}" for row, text in enumerate(rows(90, 0).texts)])
    assert found.values.shape == (3, len(found.columns))
    of_signs = found.values[:, [found.columns[f"sign{k}"] for k in range(3)]]
    assert (of_signs.argmax(axis=0) == np.arange(3)).all()
