"""What the figures of a sentence have in common: any words, in any number."""

from __future__ import annotations

import numpy as np
import pytest
from whytrain.attribution.shapley.positions import Parts

from whytrain.attribution.shapley.interaction_tree import interaction_tree
from whytrain.errors import WhytrainError
from whytrain.figures.base.text import shown
from whytrain.figures.explanations.cumulative_path import cumulative_path
from whytrain.figures.explanations.interaction_network import interaction_network
from whytrain.figures.explanations.interaction_tree import interaction_tree as draw_tree
from whytrain.figures.explanations.position_contribution import position_contribution
from whytrain.figures.explanations.sentence_parts import sentence_parts
from whytrain.figures.explanations.token_importance import token_importance

WHOSE = {"payoff": "log_odds", "class_name": "a class with $ and a name that is long " * 3}


def path_of(words, values):
    order = np.argsort(-np.abs(values), kind="stable")
    return cumulative_path(words, np.cumsum([0.1, *values[order]]), order, **WHOSE)


def network_of(words, values):
    return interaction_network(words, np.outer(values, values) * (1 - np.eye(len(values))), **WHOSE)


def parts_of(words, values):
    bounds = np.array([0, -(-len(words) // 3), -(-2 * len(words) // 3), len(words)])
    parts = Parts(bounds, np.array([0.1, 0.2, -0.1]), np.array([0.3, 0.1, -0.2]), 0.05)
    return sentence_parts([" ".join(words)], [parts], [values], **WHOSE)


FIGURES = {
    "token_importance": lambda words, values: token_importance(words, values, **WHOSE),
    "interaction_network": network_of,
    "position_contribution": lambda words, values: position_contribution(words, values, **WHOSE),
    "cumulative_path": path_of,
    "sentence_parts": parts_of,
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("sentence", ["one", "chinese", "long"])
def test_any_sentence_can_be_read(readable, sentences, name, sentence):
    words = sentences[sentence]
    values = np.random.default_rng(0).normal(0, 0.5, len(words))
    texts = readable(FIGURES[name](words, values))
    beginnings = [shown(word, 6).rstrip("…") for word in words if word]
    assert any(beginning in text for beginning in beginnings for text in texts)


@pytest.mark.parametrize("name", FIGURES)
def test_words_without_any_value_can_be_read(readable, name):
    texts = readable(FIGURES[name](["of", "the"], np.zeros(2)))
    assert not any("nan" in text or "inf" in text for text in texts)


@pytest.mark.parametrize("n_words", [1, 2, 12])
def test_any_tree_can_be_read(readable, sentences, game, n_words):
    words = sentences["long"][:n_words]
    readable(draw_tree(interaction_tree(game(n_words)), words, **WHOSE))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: token_importance([], np.zeros(0), **WHOSE),
        lambda: token_importance(["a"], np.zeros(2), **WHOSE),
        lambda: interaction_network(["a", "b"], np.zeros((1, 1)), **WHOSE),
        lambda: position_contribution([], np.zeros(0), **WHOSE),
        lambda: cumulative_path(["a"], np.zeros(1), np.zeros(1, dtype=int), **WHOSE),
        lambda: sentence_parts(["a"], [], [], **WHOSE),
    ],
)
def test_lengths_that_do_not_fit_are_one_line(draw):
    with pytest.raises(WhytrainError, match=r"^\w+: expected .*came") as error:
        draw()
    assert "\n" not in str(error.value)
