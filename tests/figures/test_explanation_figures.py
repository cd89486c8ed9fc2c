"""What the figures of a sentence have in common: any words, in any number."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.deletion import Parts
from whytrain.attribution.shapley.interaction_tree import interaction_tree
from whytrain.errors import WhytrainError
from whytrain.figures.base.text import shown
from whytrain.figures.explanations.cumulative_path import cumulative_path
from whytrain.figures.explanations.interaction_network import interaction_network
from whytrain.figures.explanations.interaction_tree import interaction_tree as draw_tree
from whytrain.figures.explanations.position_contribution import position_contribution
from whytrain.figures.explanations.sentence_parts import sentence_parts
from whytrain.figures.explanations.token_importance import token_importance
from whytrain.presentation.palette import SIZE as SIZE_COLOR

PHI = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
RANDOM = Quantity(symbol="r", name="random score", unit="standard deviations")
SIZE = Quantity(symbol="|g|", name="gradient norm", unit="1/√embedding", signed=False)
CLASS = "a class with $ and a name that is long " * 3
WHOSE = {"quantity": PHI, "class_name": CLASS}
OF_PAYOFF = {"payoff": "log_odds", "class_name": CLASS}


def path_of(words, values, quantity):
    order = np.argsort(-np.abs(values), kind="stable")
    return cumulative_path(words, np.cumsum([0.1, *values[order]]), order, quantity=quantity, **OF_PAYOFF)


def network_of(words, values, quantity):
    pairs = np.outer(values, values) * (1 - np.eye(len(values)))
    return interaction_network(words, pairs, quantity=quantity, class_name=CLASS)


def parts_of(words, values, quantity):
    bounds = np.array([0, -(-len(words) // 3), -(-2 * len(words) // 3), len(words)])
    alone, attributed = np.array([0.1, 0.2, -0.1]), np.array([0.3, 0.1, -0.2])
    parts = Parts(bounds=bounds, alone=alone, attributed=attributed, empty=0.05)
    return sentence_parts([" ".join(words)], [parts], [values], quantity=quantity, **OF_PAYOFF)


FIGURES = {
    "token_importance": lambda *of: token_importance(*of[:2], quantity=of[2], class_name=CLASS),
    "interaction_network": network_of,
    "position_contribution": lambda *of: position_contribution(*of[:2], quantity=of[2], class_name=CLASS),
    "cumulative_path": path_of,
    "sentence_parts": parts_of,
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("sentence", ["one", "chinese", "long"])
def test_any_sentence_can_be_read(readable, sentences, name, sentence):
    words = sentences[sentence]
    values = np.random.default_rng(0).normal(0, 0.5, len(words))
    texts = readable(FIGURES[name](words, values, PHI))
    beginnings = [shown(word, 6).rstrip("…") for word in words if word]
    assert any(beginning in text for beginning in beginnings for text in texts)


@pytest.mark.parametrize("name", FIGURES)
def test_words_without_any_value_can_be_read(readable, name):
    texts = readable(FIGURES[name](["of", "the"], np.zeros(2), PHI))
    assert not any("nan" in text or "inf" in text for text in texts)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("quantity", [RANDOM, SIZE])
def test_figures_name_the_quantity_that_they_show(readable, name, quantity):
    values = np.array([0.4, 0.2, 0.1, 0.3])
    texts = " ".join(readable(FIGURES[name](["it", "is", "so", "good"], values, quantity)))
    assert quantity.symbol in texts
    assert quantity.name in texts.lower()
    assert quantity.unit in texts or name == "cumulative_path"  # which shows payoffs
    assert "Shapley" not in texts
    assert "φ" not in texts


def test_sizes_have_neither_signs_nor_colors_for_and_against(readable):
    values = np.array([0.4, 0.0, 0.1])
    for name, place in (("token_importance", 0), ("position_contribution", 0)):
        figure = FIGURES[name](["so", "very", "good"], values, SIZE)
        texts = readable(figure)
        assert {to_hex(bar.get_facecolor()).upper() for bar in figure.axes[place].patches} == {SIZE_COLOR}
        assert not any(sign in text for text in texts for sign in ("+", "−"))
    figure = FIGURES["sentence_parts"](["so", "very", "good"], values, SIZE)
    image = figure.axes[1].images[0].get_array()
    assert image[0, 0, 2] > image[0, 0, 0] > 0.2  # purple: neither the blue nor the red end
    assert np.ptp(image[0, 60, :3]) < 0.02  # nothing is white, as the end of "for" and "against" alike
    ticks = [label.get_text() for label in figure.axes[2].get_xticklabels()]
    assert ticks == ["0", "0.400"]


@pytest.mark.parametrize("n_words", [1, 2, 12])
def test_any_tree_can_be_read(readable, sentences, game, n_words):
    words = sentences["long"][:n_words]
    readable(draw_tree(interaction_tree(game(n_words)), words, **OF_PAYOFF))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: token_importance([], np.zeros(0), **WHOSE),
        lambda: token_importance(["a"], np.zeros(2), **WHOSE),
        lambda: interaction_network(["a", "b"], np.zeros((1, 1)), **WHOSE),
        lambda: position_contribution([], np.zeros(0), **WHOSE),
        lambda: cumulative_path(["a"], np.zeros(1), np.zeros(1, dtype=int), quantity=PHI, **OF_PAYOFF),
        lambda: sentence_parts(["a"], [], [], quantity=PHI, **OF_PAYOFF),
    ],
)
def test_lengths_that_do_not_fit_are_one_line(draw):
    with pytest.raises(WhytrainError, match=r"^\w+: expected .*came") as error:
        draw()
    assert "\n" not in str(error.value)
