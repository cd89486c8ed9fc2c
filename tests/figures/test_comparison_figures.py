"""Figures of several runs side by side, and of one sentence in two runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from whytrain.attribution.attribution import Quantity
from whytrain.errors import WhytrainError
from whytrain.figures.comparison.attention_change import attention_change
from whytrain.figures.comparison.before_after import MOST_ROWS, TwoRuns, strongest
from whytrain.figures.comparison.difference_forest import difference_forest
from whytrain.figures.comparison.interaction_change import interaction_change
from whytrain.figures.comparison.metric_bars import drawn_metrics, metric_bars
from whytrain.figures.comparison.metric_radar import metric_radar
from whytrain.figures.comparison.value_change import value_change
from whytrain.figures.training.training_curves import training_curves
from whytrain.metrics import COMPARED, METRICS
from whytrain.presentation.palette import RIGHT, WRONG, run_colors
from whytrain.statistics.comparison import compare_with_baseline
from whytrain.statistics.intervals import Interval

TWO = TwoRuns(("baseline", "bilstm_opt $x$ 运行"), tuple(run_colors(["a", "b"]).values()))
PHI = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
WHOSE = {"quantity": PHI, "class_name": "positive"}
DRAWN = drawn_metrics(METRICS)
IG = Quantity(symbol="IG", name="integrated gradient", unit="log-odds")


def scores_of(names, seed=0):
    generator = np.random.default_rng(seed)
    values = {}
    for name in names:
        drawn = dict(
            zip((metric.name for metric in DRAWN), generator.uniform(0.6, 0.95, len(DRAWN)), strict=True)
        )
        values[name] = {n: Interval(estimate=v, low=v - 0.03, high=v + 0.03) for n, v in drawn.items()}
        values[name]["recall"] = drawn["recall"]
    return values


@pytest.mark.parametrize("n_runs", [1, 2, 12])
def test_bars_and_radar_show_all_metrics_and_the_floor(readable, runs, n_runs):
    names = list(runs(n_runs))
    scores, floors = scores_of(names), dict.fromkeys(names, 0.7)
    bars = metric_bars(scores, floors, "positive")
    texts = readable(bars)
    assert {"accuracy", "f1", "auroc", "balanced_accuracy"} <= {metric.name for metric in DRAWN}
    for ax, metric in zip(bars.axes, (metric.name for metric in DRAWN), strict=True):
        heights = [bar.get_height() for bar in ax.patches]
        expected = [getattr(values[metric], "estimate", values[metric]) for values in scores.values()]
        np.testing.assert_allclose(heights, expected)
    assert any("the floor at 0.700" in text for text in texts)
    radar = metric_radar(scores, floors)
    readable(radar)
    lines = radar.axes[0].lines
    assert len(lines) == n_runs + 1
    np.testing.assert_allclose(lines[0].get_ydata()[:-1], [*expected_corners(scores[names[0]])])
    assert [line.get_color() for line in lines[:-1]] == list(run_colors(names).values())


def expected_corners(values):
    return [getattr(values[m], "estimate", values[m]) for m in (metric.name for metric in DRAWN)]


def test_a_metric_that_is_not_defined_is_said_to_be(readable):
    scores = scores_of(["a", "b"])
    for name in scores:
        scores[name]["auroc"] = float("nan")
    assert readable(metric_bars(scores, {}, "positive")).count("not\ndefined") == 2
    texts = readable(metric_radar(scores, {}))
    assert "AUROC" not in texts
    assert "average precision" in texts
    one_class = np.zeros(50, dtype=np.int64)
    runs = softmax(np.random.default_rng(0).normal(size=(2, 50, 2)), axis=2)
    found = compare_with_baseline(runs[0], {"b": runs[1]}, one_class, n_resamples=100)
    assert readable(difference_forest({"b": found["b"].metrics}, "a")).count("not defined") == 2


def test_unknown_floors_leave_no_line(readable):
    names = ["a", "b"]
    texts = readable(metric_bars(scores_of(names), dict.fromkeys(names), None))
    assert not any("the floor at" in text for text in texts)
    assert len(metric_radar(scores_of(names), {}).axes[0].lines) == 3  # two runs and no cross


@pytest.mark.parametrize("n_runs", [2, 12])
def test_differences_have_a_point_per_run_and_metric(readable, n_runs):
    generator = np.random.default_rng(0)
    labels = generator.integers(2, size=300)

    def run(skill):
        margin = np.where(labels == 1, 1, -1) * generator.normal(skill, 1, 300)
        return softmax(np.stack([-margin / 2, margin / 2], axis=1), axis=1)

    others = {f"run {i}": run(0.5 + i / 5) for i in range(1, n_runs)}
    found = compare_with_baseline(run(0.5), others, labels, name="base", n_resamples=200)
    figure = difference_forest({name: c.metrics for name, c in found.items()}, "base")
    texts = readable(figure)
    holding = sum(compared.holds for c in found.values() for compared in c.metrics)
    assert f"{holding} of {len(COMPARED) * (n_runs - 1)} differences from base hold after correction" in texts
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    expected = [100 * c.metrics[0].measured.difference.estimate for c in found.values()]
    np.testing.assert_allclose([line.get_xdata()[0] for line in points], expected)
    faces = [line.get_markerfacecolor() != "white" for line in points]
    assert faces == [c.metrics[0].holds for c in found.values()]


@pytest.mark.parametrize("n_runs", [2, 12])
def test_training_curves_share_a_color_within_a_recipe(readable, runs, n_runs):
    names = list(runs(n_runs))
    epochs = np.arange(1, 4)
    table = pd.DataFrame({"epoch": epochs, "train/loss": 1 / epochs, "val/accuracy": epochs / 10})
    histories = {name: [table, table + 0] for name in names}
    figure = training_curves(histories, dict.fromkeys(names, 0.2))
    texts = readable(figure)
    assert texts.count("not tracked") == 2
    colors = [line.get_color() for line in figure.axes[0].lines]
    assert colors == [color for color in run_colors(names).values() for _ in range(2)]
    np.testing.assert_allclose(figure.axes[2].lines[0].get_ydata(), epochs / 10)


@pytest.mark.parametrize("kind", ["one", "chinese", "long"])
def test_values_before_and_after(readable, sentences, kind):
    words = sentences[kind]
    generator = np.random.default_rng(1)
    before, after = generator.normal(0, 1, (2, len(words)))
    errors = (np.full(len(words), 0.1), None)
    figure = value_change(words, before, after, TWO, standard_errors=errors, **WHOSE)
    readable(figure)
    left, right = figure.axes
    rows = strongest(before, after, MOST_ROWS)
    np.testing.assert_allclose([bar.get_width() for bar in left.patches], [*before[rows], *after[rows]])
    np.testing.assert_allclose([bar.get_width() for bar in right.patches], (after - before)[rows])
    green = [to_hex_upper(bar.get_facecolor()) == RIGHT.upper() for bar in right.patches]
    assert green == [bool(change >= 0) for change in (after - before)[rows]]


def test_changes_name_the_quantity_that_they_show(readable):
    words, before, after = ["so", "good"], np.array([0.5, 1.0]), np.array([0.5, -1.0])
    texts = readable(value_change(words, before, after, TWO, quantity=IG, class_name="positive"))
    assert "“good” changed most: IG +1.00 became −1.00" in texts
    assert {"IG (log-odds)", "change of IG (log-odds)"} <= set(texts)
    assert any(text.startswith("Integrated gradients IG for positive, log-odds; 2 words") for text in texts)
    assert not any("Shapley" in text or "φ" in text for text in texts)


def to_hex_upper(color):
    from matplotlib.colors import to_hex

    return to_hex(color).upper()


@pytest.mark.parametrize("kind", ["chinese", "long"])
def test_interactions_before_and_after(readable, sentences, kind):
    words = sentences[kind]
    generator = np.random.default_rng(2)
    before, after = (m + m.T for m in generator.normal(0, 1, (2, len(words), len(words))))
    figure = interaction_change(words, before, after, TWO, **WHOSE)
    readable(figure)
    pairs = np.triu_indices(len(words), 1)
    largest = np.sort(np.maximum(abs(before), abs(after))[pairs])[::-1][:14]
    widths = np.abs([bar.get_width() for bar in figure.axes[0].patches]).reshape(2, -1).max(axis=0)
    np.testing.assert_allclose(widths, largest)


@pytest.mark.parametrize("kind", ["one", "chinese", "long"])
def test_attention_before_and_after(readable, sentences, kind):
    words = ["[CLS]", *sentences[kind], "[SEP]"]
    before, after = softmax(np.random.default_rng(3).normal(0, 1.5, (2, len(words))), axis=1)
    figure = attention_change(words, before, after, TWO, special={0, len(words) - 1})
    readable(figure)
    scatter = figure.axes[2].collections[0]
    np.testing.assert_allclose(scatter.get_offsets(), np.stack([before, after], axis=1))
    green = [to_hex_upper(color) == RIGHT.upper() for color in scatter.get_facecolors()]
    assert green == [bool(change >= 0) for change in after - before]
    assert WRONG.upper() in {to_hex_upper(color) for color in scatter.get_facecolors()}


def test_keys_say_what_runs_stand_for_and_titles_name_no_winner(readable):
    legend = {"A": "model=bilstm", "B": "a name of more than 28 characters (model=bilstm_opt)"}
    scores = scores_of(legend)
    for figure in (metric_bars(scores, {}, None, legend=legend), metric_radar(scores, {}, legend=legend)):
        texts = readable(figure)
        assert {f"{name} = {said}" for name, said in legend.items()} <= set(texts)
    corners = np.array([expected_corners(scores[name]) for name in legend])
    widest = int(np.ptp(corners, axis=0).argmax())
    ends = f"{corners[:, widest].min():.3f} to {corners[:, widest].max():.3f}"
    assert f"The runs lie furthest apart in {DRAWN[widest].label}: {ends}" in texts


def test_equal_sides_change_nothing(readable):
    words, same = ["a", "b"], np.array([0.5, -0.5])
    readable(value_change(words, same, same, TWO, **WHOSE))
    readable(interaction_change(words, np.eye(2), np.eye(2), TWO, **WHOSE))
    texts = readable(attention_change(words, np.abs(same), np.abs(same), TWO))
    assert "The attention weights are the same" in texts


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(WhytrainError, match="one value per word before and after"):
        value_change(["a"], np.zeros(1), np.zeros(2), TWO, **WHOSE)
    with pytest.raises(WhytrainError, match="two words or more"):
        interaction_change(["a"], np.zeros((1, 1)), np.zeros((1, 1)), TWO, **WHOSE)
    for figure in (metric_bars, metric_radar, training_curves):
        arguments = ({}, {}, None) if figure is metric_bars else ({}, {})
        with pytest.raises(WhytrainError, match="expected at least one run"):
            figure(*arguments)
