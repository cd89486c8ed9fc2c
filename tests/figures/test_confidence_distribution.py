"""Density, cumulative share, quartiles and levels of the confidence."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.errors import WhytrainError
from whytrain.figures.confidence.confidence_distribution import (
    confidence_distribution,
    level_shares,
    smooth_density,
)


def test_the_limits_belong_to_reasonable():
    assert level_shares(np.array([0.59, 0.6, 0.75, 0.9, 0.91])) == pytest.approx(
        {"low": 0.2, "reasonable": 0.6, "high": 0.2}
    )


def test_the_density_has_mass_one_even_at_the_edge():
    generator = np.random.default_rng(0)
    for confidence in (generator.beta(8, 1, 500), np.ones(20), np.array([0.5])):
        x, density = smooth_density(confidence)
        # 400 bins of width 1/400, reflected at both ends: the sum is exact but for rounding.
        assert density.mean() == pytest.approx(1, abs=1e-9)
        assert abs((x * density).mean() - confidence.mean()) < 0.02  # reflection moves mass inward a little


def test_the_density_is_that_of_a_normal_sample():
    sample = np.random.default_rng(0).normal(0.6, 0.05, 20_000)
    x, density = smooth_density(sample)
    expected = np.exp(-0.5 * ((x - 0.6) / 0.05) ** 2) / (0.05 * np.sqrt(2 * np.pi))
    # A kernel of 0.01 flattens the peak of 8 by 1 - 1/√1.04, 2%, and the sample adds its noise.
    assert np.abs(density - expected).max() < 0.4


def test_curves_boxes_and_shares_are_the_data(readable, runs):
    made = {name: p for name, (p, _) in runs(2).items()}
    figure = confidence_distribution(made)
    texts = readable(figure)
    _, cumulative, boxes, shares = figure.axes
    for row, p in enumerate(made.values()):
        confidence = np.sort(p.max(1))
        steps = cumulative.lines[row]
        np.testing.assert_allclose(steps.get_xdata()[1:-1], confidence)
        np.testing.assert_allclose(steps.get_ydata()[1:-1], np.arange(1, 301) / 300)
        quartiles = np.quantile(confidence, [0.25, 0.75])
        box = boxes.patches[row].get_path().vertices[:, 0]
        np.testing.assert_allclose([box.min(), box.max()], quartiles)
        widths = [bar.get_width() for bar in shares.patches[3 * row : 3 * row + 3]]
        np.testing.assert_allclose(widths, list(level_shares(confidence).values()))
        assert any(text.endswith(f"{max(widths):.0%}") for text in texts)


def test_logits_are_refused():
    with pytest.raises(WhytrainError, match="run A"):
        confidence_distribution({"run A": np.array([[1.0, 3.0]])})
