"""A panel per score: what is drawn is what was measured."""

from __future__ import annotations

import pytest

from whytrain.errors import WhytrainError
from whytrain.figures.explanations.method_scores import ScorePanel, method_scores
from whytrain.statistics.intervals import Interval


def panel(name: str, best: float | None = 4.5) -> ScorePanel:
    values = {
        "shapley": Interval(estimate=4.0, low=3.5, high=4.4),
        "random": Interval(estimate=1.0, low=0.8, high=1.3),
    }
    return ScorePanel(
        name=name,
        unit="log-odds",
        higher_is_better=True,
        values=values,
        top=frozenset({"shapley"}),
        best=best,
    )


def test_dots_and_intervals_are_the_numbers() -> None:
    figure = method_scores([panel("comprehensiveness"), panel("flipping_set", None)], 100)
    first, second = figure.axes
    dots = [line for line in first.lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [4.0, 1.0]
    assert [label.get_text() for label in first.get_yticklabels()] == ["shapley", "random"]
    assert any(line.get_linestyle() == ":" for line in first.lines)
    assert not any(line.get_linestyle() == ":" for line in second.lines)
    assert second.get_title(loc="left") == "flipping set"


def test_nothing_is_refused() -> None:
    with pytest.raises(WhytrainError, match="at least one score"):
        method_scores([], 0)
