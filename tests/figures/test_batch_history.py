"""Loss and accuracy by batch."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from whytrain.errors import WhytrainError
from whytrain.figures.training.batch_history import batch_history


def batches(n_epochs: int, n_batches: int) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    epoch = np.repeat(np.arange(1, n_epochs + 1), n_batches)
    n = len(epoch)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "batch": np.tile(np.arange(n_batches), n_epochs),
            "loss": generator.uniform(0.3, 0.7, n),
            "accuracy": generator.uniform(0.5, 1, n),
            "seconds": generator.uniform(0.01, 0.02, n),
            "sentences": generator.integers(1, 65, n),
        }
    )


def epoch_means(frame: pd.DataFrame, name: str) -> list[float]:
    """What `train/…` says: batches count as much as they have sentences."""
    return [np.average(part[name], weights=part["sentences"]) for _, part in frame.groupby("epoch")]


def test_one_slow_epoch_does_not_flatten_the_others(readable):
    frame = batches(4, 10)
    frame.loc[frame["epoch"] == 1, "seconds"] *= 30
    figure = batch_history(frame)
    texts = readable(figure)
    seconds = frame.groupby("epoch")["seconds"].sum()
    time = figure.axes[2]
    heights = [bar.get_height() for bar in time.patches]
    np.testing.assert_allclose(heights[1:], seconds[1:])
    assert heights[0] == time.get_ylim()[1] < 4 * seconds.median()
    assert f"{seconds.iloc[0]:.3g} ↑" in texts


def test_raw_smoothed_and_epoch_means(readable):
    frame = batches(4, 100).sample(frac=1, random_state=0)  # any order comes out in order
    figure = batch_history(frame)
    texts = readable(figure)
    frame = frame.sort_values(["epoch", "batch"])
    loss, accuracy, time = figure.axes
    for ax, name in ((loss, "loss"), (accuracy, "accuracy")):
        raw, smooth = ax.lines[:2]
        np.testing.assert_array_equal(raw.get_ydata(), frame[name])
        # 400 batches: the mean over 8; np.convolve centers an even window half a step early.
        expected = frame[name].rolling(8).mean().to_numpy()[7:]
        np.testing.assert_allclose(smooth.get_ydata()[4:-3], expected, rtol=1e-12)
        means = next(line for line in ax.lines if line.get_marker() == "o")
        np.testing.assert_allclose(means.get_ydata(), epoch_means(frame, name), rtol=1e-12)
        np.testing.assert_allclose(means.get_xdata(), [50.5, 150.5, 250.5, 350.5])
    seconds = frame.groupby("epoch")["seconds"].sum()
    np.testing.assert_allclose([bar.get_height() for bar in time.patches], seconds)
    assert {f"{value:.3g}" for value in seconds} <= set(texts)
    assert any("blue: mean over 8" in text for text in texts)
    first, *_, last = epoch_means(frame, "loss")
    assert any(f"Training loss {first:.3f} → {last:.3f}" in text for text in texts)
    few = readable(batch_history(batches(2, 5)))
    assert any("10 batches of 2 epochs; blue: batches, points: mean of an epoch" in text for text in few)


@pytest.mark.parametrize(("n_epochs", "n_batches"), [(1, 1), (1, 700), (12, 3), (30, 200)])
def test_any_number_of_batches_can_be_read(readable, n_epochs, n_batches):
    figure = batch_history(batches(n_epochs, n_batches))
    readable(figure)
    assert len(figure.axes[2].patches) == n_epochs


def test_many_batches_become_a_band_that_hides_no_extreme():
    frame = batches(2, 1000)
    frame.loc[777, "loss"], frame.loc[1500, "loss"] = 9.0, -1.0
    band = batch_history(frame).axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert (band.max(), band.min()) == (9.0, -1.0)


def test_a_batch_without_a_number_does_not_spoil_the_mean(readable):
    frame = batches(1, 10)
    frame.loc[4, "loss"] = np.nan
    figure = batch_history(frame)
    readable(figure)
    means = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    np.testing.assert_allclose(means.get_ydata(), epoch_means(frame.dropna(), "loss"), rtol=1e-12)


def test_a_missing_column_is_named():
    with pytest.raises(WhytrainError, match=r"missing \['seconds'\]"):
        batch_history(batches(1, 2).drop(columns="seconds"))
