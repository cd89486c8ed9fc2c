"""Explanations while layers are randomized."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.errors import WhytrainError
from whytrain.figures.explanations.layer_randomization import layer_randomization
from whytrain.statistics.intervals import t_interval


def test_points_are_draws_and_their_spread_is_the_interval(readable):
    generator = np.random.default_rng(0)
    signs = np.array([1, -1, -1, 1, 1])[:, None]  # of a draw: all sentences go together
    layers = {
        "classifier": np.tanh(signs * generator.normal(0.8, 0.1, (5, 20))),
        "lstm": np.tanh(generator.normal(0.0, 0.3, (5, 20))),
    }
    layers["lstm"][3, 7] = np.nan
    layers["lstm"][4] = np.nan
    figure = layer_randomization(layers)
    texts = readable(figure)
    ax = figure.axes[0]
    known = [layers["classifier"].mean(axis=1), np.nanmean(layers["lstm"][:4], axis=1)]
    draws = next(line for line in ax.lines if line.get_marker() == "|")
    np.testing.assert_allclose(draws.get_xdata(), np.concatenate(known))
    means = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in means] == pytest.approx([1, *(rows.mean() for rows in known)])
    spans = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2]
    interval = t_interval(known[0])
    assert any(span[0] == interval.low and span[1] == interval.high for span in spans)
    # Signs that differ between draws are no evidence either way, however alike the sentences are.
    assert interval.contains(0.0)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["trained", "classifier", "lstm"]
    assert any("correlate with the trained model's at" in text for text in texts)
    assert any("5 draws of random weights, each the mean of 20 sentences" in text for text in texts)


def test_many_layers_with_long_names_and_undefined_correlations(readable):
    layers = {f"bert.encoder.layer.{i}.attention.output.dense": np.full((2, 3), np.nan) for i in range(40)}
    texts = readable(layer_randomization(layers))
    assert texts.count("–") == 40
    assert any(text.startswith("…") and text.endswith("output.dense") for text in texts)


def test_no_layers_are_refused():
    with pytest.raises(WhytrainError, match="at least one layer"):
        layer_randomization({})
