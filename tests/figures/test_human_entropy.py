"""The model's entropy against that of people."""

from __future__ import annotations

import numpy as np

from whytrain.calibration.human_disagreement import human_disagreement
from whytrain.figures.confidence.human_entropy import human_entropy


def test_points_means_and_shares(readable, runs):
    probabilities = runs(1)["baseline"][0]
    people = np.random.default_rng(0).multinomial(18, probabilities) / 18
    found = human_disagreement(probabilities, people)
    figure = human_entropy({"baseline": found})
    texts = readable(figure)
    points, means = figure.axes[0].lines[1:]
    np.testing.assert_array_equal(points.get_xdata(), found.human_entropy)
    np.testing.assert_array_equal(points.get_ydata(), found.model_entropy)
    order = np.argsort(found.human_entropy, kind="stable")
    np.testing.assert_allclose(means.get_ydata()[0], found.model_entropy[order[:50]].mean())
    surer = (found.model_entropy < found.human_entropy).mean()
    assert f"The model is surer than the people on {surer:.0%} of the sentences" in texts
    correlation = found.entropy_correlation
    assert any(text.startswith(f"ρ = {correlation.estimate:.2f} [{correlation.low:.2f}, ") for text in texts)


def test_people_who_always_agree_have_no_correlation(readable):
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    found = human_disagreement(probabilities, np.eye(2))
    assert any(text.startswith("ρ: –, KL") for text in readable(human_entropy({"run": found})))
