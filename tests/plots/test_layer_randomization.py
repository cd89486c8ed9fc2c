"""Explanations while layers are randomized."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.errors import WhytrainError
from whytrain.plots.layer_randomization import layer_randomization
from whytrain.statistics.intervals import bootstrap_interval


def test_points_means_and_intervals(readable):
    generator = np.random.default_rng(0)
    layers = {
        name: np.tanh(generator.normal(mean, 0.3, 20)) for name, mean in (("classifier", 1.0), ("lstm", 0.0))
    }
    layers["lstm"][3] = np.nan
    figure = layer_randomization(layers)
    texts = readable(figure)
    ax = figure.axes[0]
    known = [layers["classifier"], layers["lstm"][np.isfinite(layers["lstm"])]]
    sentences = next(line for line in ax.lines if line.get_marker() == "|")
    np.testing.assert_array_equal(sentences.get_xdata(), np.concatenate(known))
    means = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in means] == pytest.approx([1, *(rows.mean() for rows in known)])
    spans = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2]
    interval = bootstrap_interval(lambda drawn: drawn.mean(axis=1), known[0], n_resamples=1000)
    assert any(span[0] == interval.low and span[1] == interval.high for span in spans)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["trained", "classifier", "lstm"]
    assert any("correlate with the trained model's at" in text for text in texts)


def test_many_layers_with_long_names_and_undefined_correlations(readable):
    layers = {f"bert.encoder.layer.{i}.attention.output.dense": np.full(3, np.nan) for i in range(40)}
    texts = readable(layer_randomization(layers))
    assert texts.count("–") == 40
    assert any(text.startswith("…") and text.endswith("output.dense") for text in texts)


def test_no_layers_are_refused():
    with pytest.raises(WhytrainError, match="at least one layer"):
        layer_randomization({})
