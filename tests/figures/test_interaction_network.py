"""Arcs between words that interact."""

from __future__ import annotations

import numpy as np

from whytrain.attribution.attribution import Quantity
from whytrain.figures.explanations.interaction_network import interaction_network

SYNERGY = Quantity(symbol="interaction", name="Shapley interaction", unit="log-odds")
WHOSE = {"quantity": SYNERGY, "class_name": "positive"}


def test_arcs_join_their_words_synergy_above_antagonism_below(readable):
    interactions = np.zeros((4, 4))
    interactions[0, 2] = interactions[2, 0] = 0.4
    interactions[1, 3] = interactions[3, 1] = -0.8
    figure = interaction_network(["a", "b", "c", "d"], interactions, **WHOSE)
    texts = readable(figure)
    ax = figure.axes[0]
    x = {text.get_text(): text.get_position()[0] for text in ax.texts}
    arcs = ax.collections[0]
    weak, strong = arcs.get_segments()  # the strongest is drawn last
    np.testing.assert_allclose(sorted([weak[0, 0], weak[-1, 0]]), [x["a"], x["c"]])
    np.testing.assert_allclose(sorted([strong[0, 0], strong[-1, 0]]), [x["b"], x["d"]])
    assert weak[:, 1].min() > 0 > strong[:, 1].max()
    widths, colors = arcs.get_linewidths(), arcs.get_colors()
    assert widths[1] > widths[0]
    assert colors[0][0] > colors[0][2]  # red raises
    assert colors[1][2] > colors[1][0]  # blue lowers
    assert "“b” and “d” weaken each other most: −0.80" in texts


def test_estimates_carry_their_error():
    interactions = np.array([[0.0, 0.4, 0.1], [0.4, 0.0, 0.0], [0.1, 0.0, 0.0]])
    errors = np.array([[0.0, 0.02, 0.03], [0.02, 0.0, 9.0], [0.03, 9.0, 0.0]])  # of a pair that is not drawn
    figure = interaction_network(["a", "b", "c"], interactions, standard_errors=errors, **WHOSE)
    assert any("standard errors up to 0.0300" in text.get_text() for text in figure.texts)


def test_of_many_pairs_the_strongest_are_drawn():
    generator = np.random.default_rng(0)
    interactions = np.triu(generator.normal(size=(20, 20)), 1)
    interactions += interactions.T
    figure = interaction_network([str(i) for i in range(20)], interactions, **WHOSE)
    arcs = figure.axes[0].collections[0]
    assert len(arcs.get_segments()) == 40
    strengths = np.sort(np.abs(interactions[np.triu_indices(20, 1)]))[-40:]
    np.testing.assert_allclose(arcs.get_linewidths(), 0.6 + 7 * strengths / strengths[-1])
    assert any("the strongest 40 of 190 pairs" in text.get_text() for text in figure.texts)
