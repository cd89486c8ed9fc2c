"""The most important words."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from whytrain.attribution.attribution import Quantity
from whytrain.figures.explanations.token_importance import token_importance
from whytrain.presentation.palette import NEGATIVE, POSITIVE

PHI = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
WHOSE = {"quantity": PHI, "class_name": "positive"}


def test_bars_are_the_largest_values_in_order(readable):
    values = np.random.default_rng(0).normal(0, 1, 15)
    words = [f"word{i}" for i in range(15)]
    figure = token_importance(words, values, **WHOSE)
    texts = readable(figure)
    ax = figure.axes[0]
    order = np.argsort(-np.abs(values))[:10]
    rest = np.delete(values, order).sum()
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, [*values[order], rest])
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == [*(f"{i + 1} word{i}" for i in order), "the other 5"]
    for bar, value in zip(ax.patches[:10], values[order], strict=True):
        assert to_hex(bar.get_facecolor()).upper() == (POSITIVE if value > 0 else NEGATIVE)
    assert sum(widths) == pytest.approx(values.sum())  # the bars leave nothing out
    side = "for" if values[order[0]] > 0 else "against"
    assert any(text.startswith(f"“word{order[0]}” speaks most {side} positive: φ = ") for text in texts)
    assert "Shapley value φ for positive (log-odds)" in texts


def test_a_corpus_has_counts_and_intervals_and_no_rest(readable):
    words, values = [f"w{i}" for i in range(30)], np.linspace(-1, 0.9, 30)
    errors = np.full(30, 0.1)
    figure = token_importance(words, values, counts=np.arange(3, 33), standard_errors=errors, **WHOSE)
    readable(figure)
    ax = figure.axes[0]
    assert len(ax.patches) == 10
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["w0 (3)", "w1 (4)"]
    segments = ax.collections[0].get_segments()
    # the 97.5% quantile of t with 2 degrees of freedom: 4.303
    np.testing.assert_allclose(segments[0][:, 0], [-1 - 0.4303, -1 + 0.4303], atol=1e-4)
