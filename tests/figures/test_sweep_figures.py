"""The figures of a sweep."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from whytrain.errors import WhytrainError
from whytrain.figures.sweeps.parallel_coordinates import parallel_coordinates
from whytrain.figures.sweeps.seed_intervals import seed_intervals
from whytrain.statistics.intervals import Interval

SCORE = "best/accuracy"


def table(n_jobs: int) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rates = np.exp(generator.uniform(np.log(1e-4), np.log(1e-1), n_jobs))
    return pd.DataFrame(
        {
            "optimizer.learning_rate": [f"{rate:.17g}" for rate in rates],
            "model": [["bilstm", "bilstm_opt", "电影 $x$"][i % 3] for i in range(n_jobs)],
            "seed": [str(i % 2) for i in range(n_jobs)],
            SCORE: generator.normal(0.8, 0.02, n_jobs),
        }
    )


@pytest.mark.parametrize("smaller", [False, True])
def test_lines_cross_the_axes_where_the_values_are(readable, smaller):
    jobs = table(12)
    keys = ["optimizer.learning_rate", "model", "seed"]
    figure = parallel_coordinates(jobs, keys, SCORE, smaller=smaller)
    texts = readable(figure)
    best = jobs.loc[jobs[SCORE].idxmin() if smaller else jobs[SCORE].idxmax()]
    assert f"12 jobs: {SCORE} reaches {best[SCORE]:.4f}" in texts
    [bold] = [line for line in figure.axes[0].lines if line.get_linewidth() == 3.0]
    rates = np.log(jobs["optimizer.learning_rate"].astype(float))
    rate = (rates[best.name] - rates.min()) / (rates.max() - rates.min())
    model = sorted(jobs["model"].unique()).index(best["model"]) / 2
    np.testing.assert_allclose(bold.get_ydata(), [rate, model, float(best["seed"]), 0.0 if smaller else 1.0])


def test_one_job_and_many_keys(readable):
    jobs = pd.DataFrame({**{f"key{i}": ["1"] for i in range(12)}, SCORE: [0.5]})
    texts = readable(parallel_coordinates(jobs, [f"key{i}" for i in range(12)], SCORE))
    assert "key7" in texts
    assert "key8" not in texts


def test_a_row_per_configuration_the_best_on_top(readable):
    found = {
        "a": (np.array([0.80, 0.82]), Interval(estimate=0.81, low=0.75, high=0.87)),
        "一个名字": (np.array([0.9]), Interval(estimate=0.9, low=-np.inf, high=np.inf)),
        "b, 128": (np.array([0.7, 0.8, 0.9]), Interval(estimate=0.8, low=0.55, high=1.05)),
    }
    figure = seed_intervals(found, SCORE)
    texts = readable(figure)
    assert f"{SCORE} over seeds: 一个名字 has the best mean" in texts
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["一个名字", "a", "b, 128"]
    bars = [line.get_xdata().tolist() for line in ax.lines if line.get_linewidth() == 5]
    assert bars == [[0.75, 0.87], [0.55, 1.05]]  # one seed has no interval
    best = [
        label.get_text() for label in seed_intervals(found, SCORE, smaller=True).axes[0].get_yticklabels()
    ]
    assert best == ["b, 128", "a", "一个名字"]


def test_thirty_rows_at_most(readable):
    found = {
        f"configuration {i}": (np.array([i / 100]), Interval(estimate=i / 100, low=0, high=1))
        for i in range(40)
    }
    figure = seed_intervals(found, SCORE)
    readable(figure)
    assert len(figure.axes[0].get_yticklabels()) == 30


def test_nothing_to_draw():
    with pytest.raises(WhytrainError, match="at least one job"):
        parallel_coordinates(table(2).assign(**{SCORE: np.nan}), ["seed"], SCORE)
    with pytest.raises(WhytrainError, match="at least one key"):
        parallel_coordinates(table(2), [], SCORE)
    with pytest.raises(WhytrainError, match="at least one configuration"):
        seed_intervals({}, SCORE)
