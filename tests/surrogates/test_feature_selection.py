"""Which words and pairs a surrogate sees."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from whytrain.surrogates.feature_selection import (
    associated_effects,
    chosen_pairs,
    chosen_words,
    explained_variance,
    shapley_effects,
    word_scores,
)

WORDS = {"bad": 0, "good": 1, "the": 2}
PRESENCE = sparse.csr_array(np.array([[1, 0, 1], [0, 1, 1], [1, 1, 1], [0, 0, 1]], dtype=float))


def test_variance_is_that_of_phi_times_presence() -> None:
    effects = np.array([[2.0, -2.0], [1.0, 3.0], [9.0, 9.0]])
    x = PRESENCE.toarray()
    expected = [(4 * x[:, 0]).var() / 4, (3 * x[:, 1]).var(), 0.0]
    np.testing.assert_allclose(explained_variance(effects, PRESENCE), expected)
    np.testing.assert_allclose(
        explained_variance(effects, PRESENCE, np.full((3, 2), 2.0)), [0.0, (9 - 4) * 0.25, 0.0]
    )


def test_association_is_the_difference_of_means_with_its_error() -> None:
    log_odds = np.array([[-1.0], [2.0], [0.5], [0.1]])
    effects, errors = associated_effects(log_odds, PRESENCE)
    assert effects[0, 0] == pytest.approx((-1.0 + 0.5) / 2 - (2.0 + 0.1) / 2)
    assert errors[0, 0] == pytest.approx(log_odds.std() * np.sqrt(1 / 2 + 1 / 2))
    assert effects[2, 0] == errors[2, 0] == 0.0  # "the" is everywhere


def test_association_seldom_chooses_words_that_mean_nothing() -> None:
    draw = np.random.default_rng(0)
    presence = sparse.csr_array((draw.random((500, 300)) < 0.05).astype(float))
    log_odds = draw.normal(size=(500, 1)) + 2.0 * presence[:, [0]].toarray()
    effects, errors = associated_effects(log_odds, presence)
    words = {f"w{i}": i for i in range(300)}
    chosen = chosen_words(explained_variance(effects, presence, errors), words, 300)
    assert chosen[0].words == ("w0",)
    assert len(chosen) < 120  # a third of normal values lies beyond one error; without the correction all 300


def test_effects_of_two_classes_are_opposite_and_of_three_are_read_by_class() -> None:
    ranking = pd.DataFrame({"class": ["pos"] * 2, "word": ["bad", "unheard"], "score": [-2.0, 5.0]})
    effects = shapley_effects(ranking, WORDS, ["neg", "pos"])
    np.testing.assert_array_equal(effects, [[2.0, -2.0], [0, 0], [0, 0]])
    ranking = pd.DataFrame({"class": ["c", "a"], "word": ["bad", "bad"], "score": [1.0, -3.0]})
    np.testing.assert_array_equal(shapley_effects(ranking, WORDS, ["a", "b", "c"])[0], [-3.0, 0, 1.0])


def test_words_come_by_what_they_explain_and_none_that_explains_nothing() -> None:
    variance = np.array([0.1, 0.7, 0.0])
    assert [f.words for f in chosen_words(variance, WORDS, 5)] == [("good",), ("bad",)]
    assert [f.words for f in chosen_words(variance, WORDS, 1)] == [("good",)]


def test_scores_hold_the_values_of_a_class() -> None:
    effects = np.array([[2.0, -2.0], [-1.0, 1.0], [0, 0]])
    chosen = chosen_words(np.array([2.0, 1.0, 0.0]), WORDS, 2)
    (score,) = word_scores(effects, chosen, WORDS, ["neg", "pos"])
    assert (score.what, score.words, score.weights) == (
        "all words together for pos",
        ("bad", "good"),
        (-2.0, 1.0),
    )
    three = word_scores(np.eye(3), chosen, WORDS, ["a", "b", "c"])
    assert [s.what for s in three] == [
        "all words together for a",
        "all words together for b",
        "all words together for c",
    ]
    assert three[1].weights == (0.0, 1.0)


def test_pairs_come_by_interaction_and_by_how_often_they_are_together() -> None:
    pairs = pd.DataFrame(
        {
            "word_a": ["bad", "good", "bad", "bad", "good"],
            "word_b": ["good", "the", "the", "unheard", "the"],
            "interaction": [5.0, -2.0, 1.0, 9.0, 0.1],  # by size, as in the ranking
        }
    )
    # "bad" and "good" are together once only; the second row of "good" + "the" is another class's.
    chosen = chosen_pairs(pairs, PRESENCE, WORDS, 5)
    assert [f.words for f in chosen] == [("good", "the"), ("bad", "the")]
    assert chosen_pairs(pairs, PRESENCE, WORDS, 0) == []
    assert chosen_pairs(pairs.head(0), PRESENCE, WORDS, 3) == []
