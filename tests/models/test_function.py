"""A function from texts to probabilities, as a classifier whose words can be removed."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.errors import DataError
from whytrain.models.function import function_classifier

TEXTS = ["a fine  film", "很好 film!", "", "  led by spaces", "two\nlines"]


def of_length(texts: list[str]) -> np.ndarray:
    share = np.array([len(text) / 100 for text in texts])
    return np.stack([1 - share, share], axis=1)


def test_it_is_asked_about_texts_as_they_were_written() -> None:
    asked: list[str] = []

    def function(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return of_length(texts)

    model = function_classifier(function, ["short", "long"])
    found = model.probabilities(TEXTS)
    # Space around a text belongs to no word, all else does.
    assert sorted(set(asked)) == sorted(text.strip() for text in TEXTS)
    np.testing.assert_allclose(found, of_length([text.strip() for text in TEXTS]), atol=1e-12)


def test_words_can_be_removed() -> None:
    model = function_classifier(of_length, ["short", "long"])
    encoding = model.tokenizer.encode_words("很好 a film", 10)
    assert encoding.words == ("很", "好", "a", "film")
    assert model.tokenizer.tokens(encoding.token_ids[[0, 2]]) == ["很", "a "]
    assert model.interface.capabilities.removals == ("removed",)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([[0.5, 0.5, 0.0]], r"shape \(1, 3\) for 1 texts; expected \(1, 2\)"),
        ([0.5], r"shape \(1,\)"),
        ([[2.0, -1.0]], "must return probabilities"),
        ([[0.2, 0.2]], "must return probabilities"),
        ([[np.nan, 1.0]], "must return probabilities"),
    ],
)
def test_what_is_no_probability_is_refused(answers: list, told: str) -> None:
    model = function_classifier(lambda texts: answers, ["no", "yes"])
    with pytest.raises(DataError, match=told):
        model.logits(["one"])


@pytest.mark.parametrize("names", [["one"], ["a", "a"], []])
def test_class_names_must_tell_classes_apart(names: list[str]) -> None:
    with pytest.raises(DataError, match="two or more classes"):
        function_classifier(of_length, names)
