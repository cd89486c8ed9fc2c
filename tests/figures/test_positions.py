"""Contribution by position: of a sentence, of its parts, of a corpus."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.deletion import Parts
from whytrain.attribution.positions import position_profile as shares_by_position
from whytrain.attribution.shapley.values import shapley_values
from whytrain.figures.base.signs import shades
from whytrain.figures.explanations.position_contribution import position_contribution
from whytrain.figures.explanations.position_profile import position_profile
from whytrain.figures.explanations.sentence_parts import sentence_parts

PHI = Quantity(symbol="φ", name="Shapley value", unit="probability")
WHOSE = {"quantity": PHI, "class_name": "positive"}
OF_PARTS = {**WHOSE, "payoff": "probability"}


def part_values(v, scores):
    """Beginning, middle and end of a game's table."""
    bounds = np.concatenate([[0], np.cumsum([len(part) for part in np.array_split(scores, 3)])])
    coalitions = [sum(1 << i for i in range(bounds[k], bounds[k + 1])) for k in range(3)]
    attributed = np.array([scores[bounds[k] : bounds[k + 1]].sum() for k in range(3)])
    return Parts(bounds=bounds, alone=v[coalitions], attributed=attributed, empty=float(v[0]))


def test_bars_stand_in_the_order_of_the_sentence(readable):
    values = np.array([0.3, -0.2, 0.0, 0.1])
    figure = position_contribution(["it", "is", "so", "good"], values, **WHOSE)
    texts = readable(figure)
    ax = figure.axes[0]
    assert [bar.get_height() for bar in ax.patches] == values.tolist()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["it", "is", "so", "good"]
    assert {"+0.300", "−0.200", "0.000", "+0.100"} <= set(texts)
    assert "The first half of the sentence holds 83% of the importance" in texts


def test_estimates_carry_their_intervals():
    figure = position_contribution(
        ["a", "b"], np.array([1.0, 2.0]), standard_errors=np.array([0.1, 0.0]), **WHOSE
    )
    np.testing.assert_allclose(figure.axes[0].collections[0].get_segments()[0][:, 1], [0.804, 1.196])


def test_parts_are_means_over_sentences_with_intervals(readable, game):
    tables = [game(n) for n in (1, 3, 4, 6, 9)]
    values = [shapley_values(table) for table in tables]
    parts = [part_values(table, phi) for table, phi in zip(tables, values, strict=True)]
    figure = sentence_parts([f"sentence {i}" for i in range(5)], parts, values, **OF_PARTS)
    texts = readable(figure)
    bars, heat = figure.axes[:2]
    heights = [bar.get_height() for bar in bars.patches]
    # The sentence of one word has a beginning only.
    for place in range(3):
        known = [p for p, phi in zip(parts, values, strict=True) if len(phi) > place]
        assert heights[place] == pytest.approx(np.mean([p.attributed[place] for p in known]))
        assert heights[3 + place] == pytest.approx(np.mean([p.alone[place] - p.empty for p in known]))
    image = heat.images[0].get_array()
    scale = max(np.abs(phi).max() for phi in values)
    for row, phi in enumerate(values):
        middles = ((np.arange(len(phi)) + 0.5) / len(phi) * image.shape[1]).astype(int)
        np.testing.assert_allclose(image[row, middles], shades(phi, scale))
    assert "sentence 4" in texts


def test_the_title_tells_a_mean_from_noise():
    for sums, title in (
        ([1.0, -1.0], "No part can be told from 0: sentences differ too much (Σφ)"),
        ([1.0, 1.1], "End (+1.05) speaks for positive; not told from 0: beginning, middle"),
    ):
        parts = [
            Parts(bounds=np.arange(4), alone=np.zeros(3), attributed=np.array([0.0, 0.0, value]), empty=0.0)
            for value in sums
        ]
        figure = sentence_parts(["a", "b"], parts, [np.ones(3)] * 2, **OF_PARTS)
        assert figure.texts[0].get_text() == title


def test_scores_of_another_unit_are_not_summed_beside_payoffs(readable):
    r = Quantity(symbol="r", name="random score", unit="standard deviations")
    parts = Parts(
        bounds=np.arange(4), alone=np.array([0.5, 0.1, 0.9]), attributed=np.array([9.0, 9.0, 9.0]), empty=0.2
    )
    figure = sentence_parts(
        ["a b c"], [parts], [np.full(3, 9.0)], quantity=r, payoff="probability", class_name="positive"
    )
    texts = readable(figure)
    np.testing.assert_allclose([bar.get_height() for bar in figure.axes[0].patches], [0.3, -0.1, 0.7])
    assert "End (+0.70) and beginning (+0.30) speak for positive; middle (−0.10) speaks against it" in texts
    assert not any("Σ" in text for text in texts)


def test_many_sentences_lose_their_names(readable, game):
    table = game(4)
    phi = shapley_values(table)
    n = 200
    figure = sentence_parts(["secret"] * n, [part_values(table, phi)] * n, [phi] * n, **OF_PARTS)
    assert "secret" not in readable(figure)


def test_profiles_of_runs(readable):
    runs = {
        name: shares_by_position([np.array(phi)], 6) for name, phi in {"a": [1, 1], "b": [0, 1, 3]}.items()
    }
    figure = position_profile(runs)
    texts = readable(figure)
    for patch, profile in zip(figure.axes[0].patches, runs.values(), strict=True):
        np.testing.assert_array_equal(patch.get_data().values, profile)
    # a: two words with half each: a third in the last third; b: 3/4 on the last of three words.
    assert "The last third of the sentences holds 33% to 75% of the importance" in texts
