"""The figure of what the arms changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure

from whytrain.diagnosis.rules import Expectation
from whytrain.errors import WhytrainError
from whytrain.figures.comparison.loop_effects import loop_effects
from whytrain.loop.verdicts import Effect, verdict
from whytrain.presentation.measures import measure_name
from whytrain.statistics.intervals import Interval

METRICS = (
    "diagnosis/few_token_dependence",
    "best/accuracy",
    "best/nll",
    "best/ece",
    "robustness/lost_without_top_words",
    "check/accuracy",
    "evaluation/new_shop/accuracy",
)
NAN = float("nan")


def effects(arms: tuple[str, ...] = ("explained", "random targets", "only swap_top_words")) -> list[Effect]:
    made = []
    for number, arm in enumerate(arms):
        for k, metric in enumerate(METRICS):
            value = 0.02 * (k - 2) + 0.01 * number
            change = (
                Interval(estimate=value, low=NAN, high=NAN)
                if k == 3
                else Interval(estimate=value, low=value - 0.015, high=value + 0.015)
            )
            promise = Expectation(metric=metric, at_most=-0.02) if k in (0, 3) else None
            made.append(
                Effect(
                    arm=arm,
                    against="baseline",
                    metric=metric,
                    difference=change,
                    promise=promise,
                    verdict=promise and verdict(promise, change),
                )
            )
    made.append(
        Effect(
            arm="explained",
            against="random targets",
            metric=METRICS[0],
            difference=Interval(estimate=0.5, low=0.4, high=0.6),
            promise=None,
            verdict=None,
        )
    )
    return made


def test_a_panel_per_metric_and_a_row_per_arm(readable: Callable[[Figure], list[str]]) -> None:
    figure = loop_effects(effects(), n_seeds=3)
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes]
    assert titles[:5] == [measure_name(metric) for metric in METRICS[:5]]
    assert titles[5:] == ["accuracy, check", "accuracy, new shop"]
    readable(figure)
    first = figure.axes[0]
    assert [label.get_text() for label in first.get_yticklabels()] == [
        "explained",
        "random targets",
        "only swap_top_words",
    ]
    assert (
        figure.texts[0].get_text()
        == "explained against baseline: 1 of 2 promises kept, 0 missed, the rest open"
    )
    ends = [line.get_xdata() for line in first.lines if line.get_marker() == "None"]
    assert [-0.055, -0.025] in [pytest.approx(list(x)) for x in ends]  # the interval of the first arm
    # A difference without an interval is a point alone; the comparison of two arms is in another table.
    points = [line for line in figure.axes[3].lines if line.get_marker() == "o"]
    assert len(points) == 3
    assert max(max(line.get_xdata()) for line in first.lines) < 0.1


def test_no_effects() -> None:
    with pytest.raises(WhytrainError, match="expected at least one effect"):
        loop_effects([], 1)
