"""Words, pairs and orders in texts: where they stand, and what changes without them, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.shortcuts.function_model import WordModel
from whytrain.shortcuts.effects import Asked, effects, log_odds, word_effects
from whytrain.shortcuts.features import Feature, Text

WORD = Feature(kind="words", words=("the",))
PAIR = Feature(kind="pair", words=("not", "bad"))
ORDER = Feature(kind="ordered_pair", words=("plot", "actor"))


@pytest.mark.parametrize(
    ("feature", "text", "changed"),
    [
        (WORD, "The end of the film", ["end of film"]),
        (WORD, "“The” end", ["end"]),  # punctuation goes with its word
        (PAIR, "not so bad.", ["so bad.", "not so", "so"]),
        (ORDER, "a plot,  no actor", ["a actor  no plot,"]),
    ],
)
def test_a_text_is_changed_at_the_feature_alone(feature: Feature, text: str, changed: list[str]) -> None:
    assert feature.state(Text(text).words) == 1
    assert feature.changed(Text(text)) == changed


def test_texts_of_scripts_without_spaces_are_rebuilt_without_any() -> None:
    assert Text("我爱电影").without(("爱",)) == "我电影"


def test_effects_are_differences_of_the_models_log_odds() -> None:
    model = Asked(WordModel({"the": 1.5, "not": 0.5, "bad": -2.0}, order=("plot", "actor", 3.0)))
    wanted = [
        (WORD, [Text("the end"), Text("end the the")]),
        (ORDER, [Text("plot actor"), Text("actor plot")]),
    ]
    of_word, of_order = effects(model, wanted)
    np.testing.assert_allclose(of_word[:, 1], [1.5, 3.0])  # all occurrences go
    np.testing.assert_allclose(of_word[:, 0], -of_word[:, 1])
    np.testing.assert_allclose(
        of_order[:, 1], [3.0, 3.0]
    )  # half of 3 - (-3), in the order of the pair's words
    (of_pair,) = effects(model, [(PAIR, [Text("not bad")])])
    np.testing.assert_allclose(of_pair, [[0.0, 0.0]], atol=1e-12)  # weights add up: no interaction
    assert model.n == 3 + 2 + 4  # "end" is asked about once, and each order is the other one's change


def test_word_effects_go_by_place() -> None:
    model = Asked(WordModel({"the": 1.5, "end": -1.0}))
    np.testing.assert_allclose(word_effects(model, Text("the end the"))[:, 1], [1.5, -1.0, 1.5])


def test_log_odds_of_three_classes() -> None:
    logits = np.log([[0.2, 0.3, 0.5]])
    np.testing.assert_allclose(log_odds(logits), np.log([[0.2 / 0.8, 0.3 / 0.7, 1.0]]), atol=1e-12)
