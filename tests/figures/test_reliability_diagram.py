"""Accuracy against confidence."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from whytrain.figures.confidence.reliability_diagram import reliability_diagram
from whytrain.metrics.calibration import expected_calibration_error, reliability_bins
from whytrain.statistics.intervals import wilson_interval


def test_points_intervals_counts_and_band(readable, runs):
    (probabilities, labels), *_ = runs(1).values()
    figure = reliability_diagram({"baseline": (probabilities, labels)}, n_bins=10)
    texts = readable(figure)
    upper, lower = figure.axes[:2]
    bins = reliability_bins(probabilities, labels, 10)
    filled = bins.counts > 0
    points = next(line for line in upper.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(points.get_xdata(), bins.confidence[filled])
    np.testing.assert_array_equal(points.get_ydata(), bins.accuracy[filled])
    np.testing.assert_array_equal([bar.get_height() for bar in lower.patches], bins.counts)
    segments = next(c for c in upper.collections if hasattr(c, "get_segments")).get_segments()
    for segment, accuracy, count in zip(segments, bins.accuracy[filled], bins.counts[filled], strict=True):
        interval = wilson_interval(round(accuracy * count), int(count))
        np.testing.assert_allclose(segment[:, 1], [interval.low, interval.high], atol=1e-12)
    bands = [c.get_paths()[0].vertices[:, 1] for c in upper.collections if not hasattr(c, "get_segments")]
    count, confidence = bins.counts[filled][0], bins.confidence[filled][0]
    assert bands[0].min() == binom.ppf(0.025, count, confidence) / count
    assert bands[0].max() == binom.ppf(0.975, count, confidence) / count
    error = expected_calibration_error(probabilities, labels, 10)
    assert any(text.startswith(f"ECE {error:.3f}, noise ") for text in texts)


def test_the_title_tells_error_from_noise(runs):
    made = list(runs(2, 2000).values())  # the first is calibrated, the second 2.5 times too sure
    titles = [reliability_diagram({"run": run}).texts[0].get_text() for run in made]
    assert titles[0].endswith("no more than noise explains")
    assert titles[1].endswith(", more than noise explains")
    both = reliability_diagram(dict(zip("ab", made, strict=True))).texts[0].get_text()
    assert both == "Confidence against accuracy: 1 of 2 are off by more than noise"


@pytest.mark.parametrize("confidence", [0.5, 1.0])
def test_extreme_confidences(readable, confidence):
    probabilities = np.tile([confidence, 1 - confidence], (5, 1))
    readable(reliability_diagram({"run": (probabilities, np.zeros(5, dtype=int))}))
