"""Loss, accuracy and F1 by epoch, and the table of metrics."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from whytrain.errors import WhytrainError
from whytrain.figures.training.training_history import training_history

METRICS = ["loss", "accuracy", "f1", "weighted_f1", "precision", "recall", "nll", "brier", "ece"]


def history(n_epochs: int) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    columns = ["train/loss", "train/accuracy", *(f"val/{name}" for name in METRICS)]
    data = {name: generator.uniform(0.5, 0.95, n_epochs) for name in columns}
    return pd.DataFrame({"epoch": np.arange(1, n_epochs + 1), **data})


def lines(ax) -> dict[str, np.ndarray]:
    return {line.get_label(): line.get_ydata() for line in ax.lines if not line.get_label().startswith("_")}


def test_curves_are_the_columns_and_the_best_epoch_is_marked(readable):
    frame = history(5)
    figure = training_history(frame, 4, 0.5)
    texts = readable(figure)
    loss, accuracy, f1, _ = figure.axes
    np.testing.assert_array_equal(lines(loss)["train"], frame["train/loss"])
    np.testing.assert_array_equal(lines(loss)["val"], frame["val/loss"])
    np.testing.assert_array_equal(lines(accuracy)["val"], frame["val/accuracy"])
    np.testing.assert_array_equal(lines(f1)["val"], frame["val/f1"])
    assert "train" not in lines(f1)
    stars = [line for line in accuracy.lines if line.get_marker() == "*"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in stars] == [(4, frame["val/accuracy"][3])]
    assert f"Best epoch 4 of 5: validation accuracy {frame['val/accuracy'][3]:.3f}" in texts
    assert lines(accuracy)["floor"] == [0.5, 0.5]
    assert any(text.startswith("floor: accuracy 0.500") for text in texts)


def test_the_table_holds_every_metric_of_every_epoch(readable):
    frame = history(5)
    texts = readable(training_history(frame, 4))
    for name in frame.columns[1:]:
        assert name.replace("/", "\n", 1) in texts
        assert {f"{value:.4f}" for value in frame[name]} <= set(texts)
    assert not any("floor" in text for text in texts)


@pytest.mark.parametrize("n_epochs", [1, 2, 30])
def test_any_number_of_epochs_can_be_read(readable, n_epochs):
    frame = history(n_epochs)
    best = max(1, n_epochs - 3)
    figure = training_history(frame, best, 0.81)
    texts = readable(figure)
    assert f"{frame['val/ece'][best - 1]:.4f}" in texts  # the best epoch is always among the rows
    assert f"{frame['val/ece'].iloc[-1]:.4f}" in texts
    assert len(figure.axes[-1].patches) == 1  # one row stands out
    for tick in figure.axes[0].get_xticks():
        assert tick == int(tick)


def test_missing_metrics_are_said_to_be_missing(readable):
    frame = history(3)[["epoch", "train/loss", "val/loss"]].assign(**{"val/f1": [np.nan] * 3})
    texts = readable(training_history(frame, 2))
    assert texts.count("not measured") == 2
    assert texts.count("–") == 3
    assert "Training history: best epoch 2 of 3" in texts


def test_more_metrics_than_room(readable):
    frame = history(3).assign(**{f"val/recall_of_class_{i}": 0.5 for i in range(8)})
    texts = readable(training_history(frame, 1))
    assert any("12 of 19 metrics" in text for text in texts)


@pytest.mark.parametrize("frame", [pd.DataFrame({"epoch": []}), pd.DataFrame({"val/loss": [1.0]})])
def test_nothing_to_draw_is_one_line(frame):
    with pytest.raises(WhytrainError, match="expected at least one row with 'epoch'"):
        training_history(frame, 1)
