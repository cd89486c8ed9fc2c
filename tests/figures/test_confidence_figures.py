"""What the figures of confidence have in common: one run or many, any number of classes, one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.calibration.conformal import coverage_range, lac_thresholds, prediction_sets
from whytrain.calibration.human_disagreement import human_disagreement
from whytrain.calibration.set_summary import summarize_sets
from whytrain.errors import WhytrainError
from whytrain.figures.confidence.confidence_by_outcome import confidence_by_outcome
from whytrain.figures.confidence.confidence_distribution import confidence_distribution
from whytrain.figures.confidence.conformal_sets import conformal_sets
from whytrain.figures.confidence.human_entropy import human_entropy
from whytrain.figures.confidence.reliability_diagram import reliability_diagram
from whytrain.figures.confidence.risk_coverage_curve import risk_coverage_curve
from whytrain.presentation.palette import run_colors


def draw_sets(runs):
    n_classes = next(iter(runs.values()))[0].shape[1]
    summaries = {
        name: summarize_sets(prediction_sets(p, lac_thresholds(p, labels)), labels)
        for name, (p, labels) in runs.items()
    }
    names = [f"a class called {i}" for i in range(n_classes)]
    return conformal_sets(summaries, 0.1, names, coverage_range(300, 300, 0.1))


def draw_entropies(runs):
    generator = np.random.default_rng(0)
    return human_entropy(
        {name: human_disagreement(p, generator.multinomial(18, p) / 18) for name, (p, _) in runs.items()}
    )


FIGURES = {
    "reliability_diagram": reliability_diagram,
    "confidence_distribution": lambda runs: confidence_distribution({n: p for n, (p, _) in runs.items()}),
    "confidence_by_outcome": confidence_by_outcome,
    "risk_coverage_curve": risk_coverage_curve,
    "conformal_sets": draw_sets,
    "human_entropy": draw_entropies,
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("shape", [(1, 2, 2), (3, 300, 2), (10, 80, 8)])  # runs, sentences, classes
def test_any_number_of_runs_sentences_and_classes_can_be_read(readable, runs, name, shape):
    figure = FIGURES[name](runs(*shape))
    texts = readable(figure)
    assert len(texts) > 5


@pytest.mark.parametrize("name", ["reliability_diagram", "risk_coverage_curve", "human_entropy"])
def test_a_run_has_the_color_of_its_place_in_every_figure(runs, name):
    figure = FIGURES[name](runs(3))
    drawn = {line.get_color() for ax in figure.axes for line in ax.lines}
    assert set(run_colors(list(runs(3))).values()) <= drawn


@pytest.mark.parametrize("figure", [reliability_diagram, confidence_by_outcome, risk_coverage_curve])
def test_no_runs_are_refused(figure):
    with pytest.raises(WhytrainError, match="expected at least one run"):
        figure({})
