"""Figures that no run of the tutorials draws, from small data: they show what a reader will see, and measure nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from whytrain.analyses.charts import Bars, Heat, Lines, Points
from whytrain.calibration.human_disagreement import human_disagreement
from whytrain.diagnosis.rules import Expectation
from whytrain.figures.analyses import draw as draw_chart
from whytrain.figures.comparison.attention_change import attention_change
from whytrain.figures.comparison.before_after import TwoRuns
from whytrain.figures.comparison.loop_effects import loop_effects
from whytrain.figures.confidence.human_entropy import human_entropy
from whytrain.figures.confidence.label_calibration import label_calibration
from whytrain.figures.explanations.layer_randomization import layer_randomization
from whytrain.figures.sweeps.parallel_coordinates import parallel_coordinates
from whytrain.figures.sweeps.seed_intervals import seed_intervals
from whytrain.figures.training.label_scores import label_scores
from whytrain.loop.verdicts import Effect, verdict
from whytrain.metrics import Scored
from whytrain.presentation.palette import run_colors
from whytrain.statistics.intervals import Interval, t_interval
from whytrain.types import Figure

_TOPICS = ("billing", "delivery", "refund", "account", "complaint")
_SCORE = "best/accuracy"


def labels() -> Figure:
    """Draw scores of five labels of 300 tickets."""
    draw = np.random.default_rng(0)
    gold = (draw.random((300, 5)) < [0.5, 0.4, 0.3, 0.2, 0.1]).astype(np.int64)
    logits = (2 * gold - 1) * [3.0, 2.5, 2.0, 1.5, 0.8] + draw.normal(0, 1.6, gold.shape)
    return label_scores(Scored(probabilities=1 / (1 + np.exp(-logits)), labels=gold), _TOPICS)


def label_errors() -> Figure:
    """Draw calibration errors of these labels before and after."""
    before, after = np.array([0.11, 0.09, 0.07, 0.05, 0.03]), np.array([0.03, 0.04, 0.03, 0.02, 0.03])
    return label_calibration(before, after, (1.9, 1.7, 1.5, 1.3, 1.0), _TOPICS, 300)


def people() -> Figure:
    """Draw doubt of a model and of eighteen raters over 300 sentences."""
    draw = np.random.default_rng(0)
    truth = draw.beta(1.2, 1.2, 300)
    raters = draw.binomial(18, truth) / 18
    told = 1 / (1 + np.exp(-(1.6 * np.log(truth / (1 - truth)) + draw.normal(0, 1.0, 300))))
    found = human_disagreement(np.stack([1 - told, told], axis=1), np.stack([1 - raters, raters], axis=1))
    return human_entropy({"first": found})


def randomized_layers() -> Figure:
    """Draw rank correlations of ten draws, falling from the trained model's."""
    draw = np.random.default_rng(0)
    means = {"classifier": 0.55, "attention": 0.3, "LSTM": 0.05, "embedding": 0.0}
    return layer_randomization(
        {name: np.clip(draw.normal(m, 0.25, (10, 30)), -1, 1) for name, m in means.items()}
    )


def attention() -> Figure:
    """Draw the attention of two runs on a sentence."""
    words = ("[CLS]", "not", "a", "bad", "film", "at", "all", "[SEP]")
    before = np.array([0.05, 0.1, 0.05, 0.45, 0.15, 0.05, 0.1, 0.05])
    after = np.array([0.05, 0.3, 0.05, 0.3, 0.1, 0.05, 0.1, 0.05])
    names = ("A", "B")
    colors = run_colors(names)
    return attention_change(words, before, after, TwoRuns(names, (colors["A"], colors["B"])), special=(0, 7))


def loop() -> Figure:
    """Draw two arms of a loop over three seeds."""
    promised = {
        "best/accuracy": 0.0,
        "best/ece": -0.02,
        "diagnosis/overfitting": -0.02,
        "check/accuracy": 0.02,
    }
    found = {"explained": (0.004, -0.045, -0.08, 0.055), "random targets": (0.002, -0.04, -0.078, 0.006)}
    effects = []
    for arm, changes in found.items():
        for (metric, bound), change in zip(promised.items(), changes, strict=True):
            interval = Interval(estimate=change, low=change - 0.022, high=change + 0.02)
            kind = "at_least" if metric.endswith("accuracy") else "at_most"
            promise = Expectation(metric=metric, **{kind: bound})
            effects.append(
                Effect(
                    arm=arm,
                    against="baseline",
                    metric=metric,
                    difference=interval,
                    promise=promise,
                    verdict=verdict(promise, interval),
                )
            )
    return loop_effects(effects, 3)


def jobs() -> Figure:
    """Draw twelve jobs of a sweep."""
    draw = np.random.default_rng(0)
    rates = np.exp(draw.uniform(np.log(1e-4), np.log(1e-2), 12))
    score = 0.76 - 0.02 * np.log10(rates / 2e-3) ** 2 + draw.normal(0, 0.006, 12)
    table = pd.DataFrame(
        {
            "optimizer.learning_rate": [f"{rate:.17g}" for rate in rates],
            "model": ["bilstm", "bilstm_opt"] * 6,
            "model.dropout": [f"{x:.2f}" for x in draw.uniform(0, 0.5, 12)],
            _SCORE: score,
        }
    )
    return parallel_coordinates(table, ["optimizer.learning_rate", "model", "model.dropout"], _SCORE)


def seeds() -> Figure:
    """Draw three recipes over four seeds."""
    scores = {
        "model=bilstm": [0.741, 0.752, 0.747, 0.738],
        "model=bilstm_opt": [0.760, 0.771, 0.758, 0.766],
        "model=bilstm_opt model.dropout=0.4": [0.755, 0.772, 0.762, 0.749],
    }
    return seed_intervals(
        {name: (np.array(values), t_interval(values)) for name, values in scores.items()}, _SCORE
    )


def bars() -> Figure:
    """Draw how well three properties can be read from a model's states, beside random weights."""
    found = {"this model": [0.81, 0.74, 0.58], "random weights": [0.55, 0.6, 0.57]}
    series = {name: tuple(map(_about, values)) for name, values in found.items()}
    labels = ("negation in the sentence", "its length", "its first letter")
    return draw_chart(
        Bars(
            name="bars",
            title="Negation can be read from the states, the first letter cannot",
            subtitle="share of right answers of a probe, 95% interval; the line is a coin",
            labels=labels,
            series=series,
            x="share of right answers",
            reference=0.5,
        )
    )


def lines() -> Figure:
    """Draw how well a property can be read layer by layer."""
    series = {"negation": tuple(map(_about, (0.55, 0.63, 0.74, 0.81)))}
    return draw_chart(
        Lines(
            name="lines",
            title="Negation appears in the upper layers",
            subtitle="share of right answers of a probe, 95% interval; the line is a coin",
            ticks=("embedding", "layer 1", "layer 2", "layer 3"),
            series=series,
            x="layer",
            y="share of right answers",
            reference=0.5,
        )
    )


def heat() -> Figure:
    """Draw what moving a state from one sentence into another does, by word and layer."""
    values = np.array([[0.0, 0.1, 0.1, 0.0], [0.4, 1.3, 2.1, 0.3], [0.1, 0.2, 0.9, 1.8]])
    return draw_chart(
        Heat(
            name="heat",
            title="The answer turns with the state of “not” in layer 1",
            subtitle="change of the log-odds when this state is taken from the other sentence",
            rows=("embedding", "layer 1", "layer 2"),
            columns=("it", "is", "not", "bad"),
            values=values,
            unit="log-odds",
        )
    )


def points() -> Figure:
    """Draw two groups of sentences in the plane."""
    draw = np.random.default_rng(0)
    positions = np.concatenate([draw.normal(-1, 0.8, (60, 2)), draw.normal(1, 0.8, (60, 2))])
    return draw_chart(
        Points(
            name="points",
            title="Sentences of like meaning lie together",
            subtitle="one dot per sentence; only neighborhoods mean something, distances do not",
            positions=positions,
            groups=("negative",) * 60 + ("positive",) * 60,
            labels={int(positions[:, 0].argmin()): "a dull film"},
            x="first axis",
            y="second axis",
        )
    )


def _about(share: float) -> Interval:
    return Interval(estimate=share, low=share - 0.05, high=share + 0.05)
