"""Sentences without their top words, or with synonyms in their place, and what a model loses on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch
from small import wordpiece_tokenizer
from torch import Tensor, nn

from whytrain.loop import deletion_robustness as robustness
from whytrain.loop.deletion_robustness import (
    TOP_TWO_SHARE,
    WITHOUT_TOP_TWO,
    accuracy_lost,
    on_two_words,
    with_synonyms,
    without_words,
)
from whytrain.models.saved import SavedModel
from whytrain.robustness.typing_errors import guiding_typos, unseen_typos


class Counter:
    """A model that finds a text good if it says great or splendid; it notes what it was asked."""

    class_names = ("bad", "good")

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        good = np.array([("great" in text or "splendid" in text) for text in texts], dtype=float)
        return np.stack([1 - good, good], axis=1)


class Thesaurus:
    def part_of_speech(self, word: str) -> str | None:
        return None

    def synonyms(self, word: str) -> tuple[str, ...]:
        return {"great": ("bully", "grand", "corking")}.get(word, ())


def test_words_go_with_their_case_and_punctuation() -> None:
    assert without_words("Great, a GREAT film (great)!", {"great"}) == "a film"
    assert without_words("great", {"great"}) == "great"  # nothing would be left to judge


def test_only_synonyms_that_training_never_uses() -> None:
    # Training takes the first and third; the second is left for the test.
    assert with_synonyms("A Great, dull film", {"great", "dull"}, Thesaurus()) == "A grand, dull film"


def test_accuracy_lost_counts_altered_sentences_alone() -> None:
    sentences = pd.DataFrame(
        [
            ("a", "great film", "good"),
            ("b", "dull film", "bad"),
            ("c", "great bore", "bad"),
            ("d", "nice film", "good"),
        ],
        columns=["id", "text", "label"],
    )
    model = cast(SavedModel, cast(Any, Counter()))
    lost = accuracy_lost(model, sentences, lambda text: without_words(text, {"great"}))
    assert lost.to_dict() == {"a": 1.0, "c": -1.0}  # one lost, one gained; b and d stay as they are
    assert accuracy_lost(model, sentences, lambda text: text).empty


class Additive(nn.Module):
    """Log-odds of the second class: the sum of its words' weights, which are then their Shapley values."""

    def __init__(self, weights: Sequence[float]) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        values = self.weights[token_ids]
        odds = (values if mask is None else values * mask).sum(dim=1)
        return torch.stack([torch.zeros_like(odds), odds], dim=1)


def small_model() -> SavedModel:
    weights = {"good": 3.0, "bad": -2.0, "film": 0.5, "plot": 0.25, "a": -0.25, "the": -0.5}
    module = Additive([5.0, *[0.0] * 4, *weights.values()]).eval()  # padding in a word's place would show
    return SavedModel(
        model=module,
        tokenizer=wordpiece_tokenizer(list(weights)),
        class_names=("bad", "good"),
        max_tokens=32,
        confidence=None,
    )


def test_how_much_rests_on_two_words_by_hand() -> None:
    model = small_model()
    sentences = pd.DataFrame(
        [
            ("stays", "good bad film plot", "good"),
            ("falls", "good the a a", "good"),
            ("wrong", "good film plot", "bad"),  # stays wrong
            ("short", "good film", "good"),
            ("long", "good " + "film " * 10, "good"),
        ],
        columns=["id", "text", "label"],
    )
    found = on_two_words(model, sentences)
    assert found[TOP_TWO_SHARE].to_dict() == pytest.approx(
        {"stays": 5 / 5.75, "falls": 3.5 / 4, "wrong": 3.5 / 3.75}, abs=1e-6
    )
    assert found[WITHOUT_TOP_TWO].to_dict() == {"stays": 0.0, "falls": 1.0, "wrong": 0.0}
    assert on_two_words(model, sentences.iloc[3:]) == {}


def test_where_evaluations_do_not_suffice_a_sorted_file_gives_both_classes(monkeypatch) -> None:
    monkeypatch.setattr(robustness, "_EVALUATIONS", 8 * 20)  # of 3 words each: 20 of 80 sentences
    texts = ["good film plot"] * 40 + ["bad film plot"] * 40
    labels = ["good"] * 40 + ["bad"] * 40
    ids = [f"{label}-{i}" for i, label in enumerate(labels)]
    sentences = pd.DataFrame({"id": ids, "text": texts, "label": labels})
    found = on_two_words(small_model(), sentences)[TOP_TWO_SHARE]
    assert len(found) == 20
    assert {str(row).partition("-")[0] for row in found.index} == {"good", "bad"}


def test_typing_errors_cost_what_rests_on_the_spelling_of_a_word() -> None:
    sentences = pd.DataFrame(
        [
            ("a", "great film", "good"),
            ("b", "dull film", "bad"),  # bad whatever is written
            ("c", "great or splendid", "good"),  # both must be mistyped
            ("d", "great bore", "bad"),  # wrong as it is
            ("e", "great splendid and great", "good"),  # three words
        ],
        columns=["id", "text", "label"],
    )
    lost = robustness.lost_to_typos(cast(SavedModel, Counter()), sentences)
    # Each word alone changes nothing where another is enough, so an attack that goes by the answer stops.
    assert lost.to_dict() == {"a": 1.0, "b": 0.0, "c": 0.0, "d": 0.0, "e": 0.0}


def test_the_tested_typing_errors_are_no_trained_ones() -> None:
    for word in ("great", "splendid", "film"):
        assert set(unseen_typos(word)).isdisjoint(guiding_typos(word))
        assert unseen_typos(word)
