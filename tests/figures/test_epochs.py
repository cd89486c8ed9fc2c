"""Values over epochs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from whytrain.attribution.attribution import Quantity
from whytrain.errors import WhytrainError
from whytrain.figures.explanations.word_trends import word_trends

PHI = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
WHOSE = {"quantity": PHI, "class_name": "positive"}


def trends(n_words: int, n_epochs: int) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = [
        {
            "epoch": epoch,
            "word": f"word {i}",
            "score": generator.normal(0, 0.1 * (i + 1)),
            "standard_error": 0.1,
        }
        for i in range(n_words)
        for epoch in range(n_epochs, 0, -1)
    ]
    return pd.DataFrame(rows)


def test_lines_and_bands_are_the_words(readable):
    frame = trends(4, 5)
    figure = word_trends(frame, **WHOSE)
    texts = readable(figure)
    ax = figure.axes[0]
    for i in range(4):
        expected = frame[frame["word"] == f"word {i}"].sort_values("epoch")
        np.testing.assert_array_equal(ax.lines[i].get_xdata(), [1, 2, 3, 4, 5])
        np.testing.assert_array_equal(ax.lines[i].get_ydata(), expected["score"])
        band = ax.collections[i].get_paths()[0].vertices[:, 1]
        assert band.max() == pytest.approx(expected["score"].max() + 0.196)
        name = next(text for text in ax.texts if text.get_text() == f"word {i}")
        assert name.get_color() == ax.lines[i].get_color()
    assert {"word 0", "word 3", "Shapley value φ (log-odds)"} <= set(texts)


@pytest.mark.parametrize(("n_words", "n_epochs"), [(1, 1), (30, 30)])
def test_few_and_many_words_and_epochs_can_be_read(readable, n_words, n_epochs):
    figure = word_trends(trends(n_words, n_epochs), **WHOSE)
    readable(figure)
    assert len(figure.axes[0].texts) == min(n_words, 6)


def test_names_at_equal_heights_move_apart(readable):
    rows = [{"epoch": e, "word": f"w{i}", "score": 0.0} for i in range(16) for e in (1, 2)]
    assert "Scores of the words by epoch" in readable(word_trends(pd.DataFrame(rows), **WHOSE))


def test_a_missing_column_is_named():
    with pytest.raises(WhytrainError, match=r"missing \['score'\]"):
        word_trends(trends(1, 1).drop(columns="score"), **WHOSE)
