"""Sentences without their top words, or with synonyms in their place, and what a model loses on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from whytrain.effects.robustness import accuracy_lost, with_synonyms, without_words
from whytrain.models.saved import SavedModel


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
