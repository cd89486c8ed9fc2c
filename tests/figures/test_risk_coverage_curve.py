"""Error rate against the share of sentences answered."""

from __future__ import annotations

import numpy as np

from whytrain.calibration.risk_coverage import area_under_risk_coverage, risk_coverage
from whytrain.figures.confidence.risk_coverage_curve import risk_coverage_curve


def test_curves_and_table(readable, runs):
    made = runs(2)
    figure = risk_coverage_curve(made)
    texts = readable(figure)
    curves = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 1]
    for line, run in zip(curves, made.values(), strict=True):
        expected = risk_coverage(*run)
        np.testing.assert_array_equal(line.get_xdata(), expected.coverage)
        np.testing.assert_array_equal(line.get_ydata(), expected.risk)
        for text in (expected.risk[-1], expected.risk[269], expected.risk[239], expected.risk[149]):
            assert f"{text:.3f}" in texts
        assert f"{area_under_risk_coverage(*run):.4f}" in texts


def test_a_case_by_hand(readable):
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    texts = readable(risk_coverage_curve({"run": (probabilities, np.array([0, 0, 1, 0]))}))
    start = texts.index("run", texts.index("area under curve")) + 1
    # One error, the third surest of four: 1/4 of all, 1/4 at 90% (four of them) and 80%, none of two.
    assert texts[start : start + 5] == ["0.250", "0.250", "0.250", "0.000", f"{(1 / 3 + 1 / 4) / 4:.4f}"]
