"""Charts of analyses, each kind drawn in one file."""

from __future__ import annotations

from functools import singledispatch

from matplotlib.figure import Figure

from whytrain.analyses.charts import Bars, Chart, Heat, Lines, Points
from whytrain.figures.analyses.bars import bars
from whytrain.figures.analyses.heat import heat
from whytrain.figures.analyses.lines import lines
from whytrain.figures.analyses.points import points


@singledispatch
def draw(chart: Chart) -> Figure:
    """Draw a chart of any kind."""
    raise TypeError(f"no figure for {type(chart).__name__}")


draw.register(Bars, bars)
draw.register(Lines, lines)
draw.register(Heat, heat)
draw.register(Points, points)
