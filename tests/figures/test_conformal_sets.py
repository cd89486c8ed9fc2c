"""Sizes and coverage of prediction sets."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.calibration.set_summary import summarize_sets
from whytrain.figures.confidence.conformal_sets import conformal_sets


def test_sizes_and_coverage_are_the_summary(readable):
    sets = np.array([[True, False, False]] * 5 + [[True, True, False]] * 3 + [[False] * 3] * 2)
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 2, 0, 1])
    summary = summarize_sets(sets, labels)
    figure = conformal_sets({"run": summary}, 0.1, ["a", "b", "c"])
    texts = readable(figure)
    sizes, coverage = figure.axes
    assert [bar.get_width() for bar in sizes.patches] == pytest.approx([0.2, 0.5, 0.3])
    assert sizes.patches[0].get_hatch()  # empty sets
    points = [line for line in coverage.lines if line.get_marker() == "o"]
    # All: 4 + 2 of 10; class a: 4 of 5; b: 2 of 4; c: 0 of 1.
    assert [line.get_xdata()[0] for line in points] == pytest.approx([0.6, 0.8, 0.5, 0.0])
    spans = [line.get_xdata() for line in coverage.lines if len(line.get_xdata()) == 2][:4]
    np.testing.assert_allclose(spans[0], [summary.coverage.low, summary.coverage.high])
    assert {"no class", "1 class", "2 classes", "3 classes", "50%", "30%"} <= set(texts)
    assert "Sets of 1.10 classes on average hold the label of 60.0%" in texts


def test_a_class_without_sentences_has_no_point(readable):
    summary = summarize_sets(np.array([[True, False]]), np.array([0]))
    figure = conformal_sets({"run": summary}, 0.1, ["a", "b"])
    assert "Dashed: the promised 90%" in readable(figure)  # and no gray band is spoken of where none is drawn
    assert len([line for line in figure.axes[1].lines if line.get_marker() == "o"]) == 2
