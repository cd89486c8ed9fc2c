"""The way from the empty to the full sentence."""

from __future__ import annotations

import numpy as np

from whytrain.attribution.attribution import Quantity, ranking
from whytrain.attribution.shapley.values import shapley_values
from whytrain.figures.explanations.corpus_path import corpus_path
from whytrain.figures.explanations.cumulative_path import cumulative_path


def test_bars_lead_from_payoff_to_payoff(readable, game):
    table = game(5)
    values = shapley_values(table)
    order = ranking(values)
    path = table[np.concatenate([[0], np.cumsum(1 << order)])]
    phi = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
    figure = cumulative_path(
        list("abcde"), path, order, payoff="log_odds", quantity=phi, class_name="positive"
    )
    texts = readable(figure)
    ax = figure.axes[0]
    np.testing.assert_allclose([bar.get_x() for bar in ax.patches], path[:-1])
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], np.diff(path))
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), path)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["no words", *(f"+ {'abcde'[i]}" for i in order)]
    assert any("without words to" in text for text in texts)


def test_the_title_says_how_many_words_go_most_of_the_way():
    steps = np.array(
        [0.0, 0.5, 0.95, 1.0, 1.0]
    )  # 90% of the way lies between a quarter and a half of the words
    title = corpus_path({"a": [steps] * 3}, payoff="probability").texts[0].get_text()
    assert title == "The most important 48% of the words go 90% of the way to the full sentence"
    # A straight line goes 90% of the way in 90% of the words.
    title = corpus_path({"slow": [np.arange(5.0)], "quick": [steps]}, payoff="log_odds").texts[0].get_text()
    assert title == "90% of the way: 48% of the words in quick, 90% in slow"
    title = corpus_path({"a": [steps], "b": [-steps]}, payoff="probability").texts[0].get_text()
    assert title == "With all their words, the sentences are no surer of the class than without"


def test_corpus_medians_and_quartiles(readable):
    generator = np.random.default_rng(0)
    runs = {name: [generator.random(n + 1) for n in (1, 4, 8)] for name in ("first", "second")}
    figure = corpus_path(runs, payoff="probability")
    texts = readable(figure)
    ax = figure.axes[0]
    for line, paths in zip(ax.lines, runs.values(), strict=True):
        ends = [[path[0] for path in paths], [path[-1] for path in paths]]
        np.testing.assert_allclose(line.get_ydata()[[0, -1]], np.median(ends, axis=1))
        # Half of the words: the middle of 1 (interpolated), the second of 4, the fourth of 8.
        middle = [paths[0].mean(), paths[1][2], paths[2][4]]
        assert np.isclose(line.get_ydata()[20], np.median(middle))
    assert len(ax.collections) == 2
    assert any(text.startswith("Medians of 3 sentences") for text in texts)
