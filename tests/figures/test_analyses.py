"""Charts of analyses show the values that they hold."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.image import AxesImage

from whytrain.analyses.charts import Bars, Chart, Heat, Lines, Points, exactly
from whytrain.errors import WhytrainError
from whytrain.figures.analyses import draw
from whytrain.statistics.intervals import Interval

WIDE = Interval(estimate=0.5, low=0.25, high=0.75)


def test_bars_draw_each_value_on_its_interval() -> None:
    series = {"this model": (WIDE, exactly(0.9)), "random weights": (None, exactly(0.4))}
    chart = Bars(name="b", title="t", subtitle="s", labels=("first", "second"), series=series, x="share")
    (ax,) = draw(chart).axes
    dots = {round(float(np.asarray(line.get_xdata())[0]), 3) for line in ax.lines if line.get_marker() == "o"}
    spans = [tuple(np.asarray(line.get_xdata()).tolist()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert dots == {0.5, 0.9, 0.4}
    assert (0.25, 0.75) in spans
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row is above


def test_lines_leave_a_gap_where_there_is_no_value() -> None:
    series = {"one": (exactly(1.0), None, exactly(3.0))}
    chart = Lines(name="l", title="t", subtitle="s", ticks=("a", "b", "c"), series=series, x="x", y="y")
    (ax,) = draw(chart).axes
    drawn = np.asarray(ax.lines[0].get_ydata())
    assert drawn[0] == 1
    assert np.isnan(drawn[1])
    assert drawn[2] == 3


def test_a_signed_heat_has_zero_in_the_middle_of_its_colors() -> None:
    values = np.array([[1.0, -3.0], [np.nan, 0.0]])
    chart = Heat(
        name="h", title="t", subtitle="s", rows=("a", "b"), columns=("c", "d"), values=values, unit="u"
    )
    ax, bar = draw(chart).axes
    image = next(child for child in ax.get_children() if isinstance(child, AxesImage))
    assert image.get_clim() == (-3, 3)
    assert [text.get_text() for text in ax.texts] == ["1", "-3", "0"]
    assert bar.get_ylabel() == "u"


def test_points_keep_their_places_groups_and_few_labels() -> None:
    positions = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    chart = Points(
        name="p",
        title="t",
        subtitle="s",
        positions=positions,
        groups=("b", "a", "b"),
        labels={1: "costs $5"},
        x="x",
        y="y",
    )
    (ax,) = draw(chart).axes
    clouds = [child for child in ax.get_children() if isinstance(child, PathCollection)]
    assert [np.asarray(cloud.get_offsets()).tolist() for cloud in clouds] == [[[2, 3]], [[0, 1], [4, 5]]]
    assert [text.get_text() for text in ax.texts] == [r"costs \$5"]


@pytest.mark.parametrize(
    "chart",
    [
        Bars(name="b", title="t", subtitle="s", labels=(), series={}, x="x"),
        Lines(name="l", title="t", subtitle="s", ticks=(), series={}, x="x", y="y"),
        Heat(name="h", title="t", subtitle="s", rows=(), columns=(), values=np.empty((0, 0)), unit="u"),
    ],
)
def test_nothing_to_draw_is_said(chart: Chart) -> None:
    with pytest.raises(WhytrainError, match="expected at least one"):
        draw(chart)


def test_labels_of_points_stay_on_the_canvas() -> None:
    long = "a long sentence that says a lot"
    chart = Points(
        name="p", title="t", subtitle="s", positions=np.array([[0.0, 0.0], [9.0, 1.0]]), groups=("a", "b"), x="x", y="y",
        labels={0: long, 1: long},
    )  # fmt: skip
    figure = draw(chart)
    figure.canvas.draw()
    width = figure.bbox.width
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= width
