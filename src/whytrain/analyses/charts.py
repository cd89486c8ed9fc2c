"""What an analysis has to show, as data: `whytrain.figures.analyses` draws each kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.statistics.intervals import Interval

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chart:
    """What every chart says of itself.

    Attributes:
        name: of its file.
        title: what is seen, one line; a finding where there is one.
        subtitle: how to read it: what a mark is, over what it is taken.
    """

    name: str
    title: str
    subtitle: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Bars(Chart):
    """Values with their intervals side by side, a row per label and in it a mark per series.

    Attributes:
        labels: of the rows, from above.
        series: by name, as many intervals as labels; None where there is no value.
        x: the quantity with its unit.
        reference: where nothing would lie, drawn as a line; None: nowhere.
    """

    labels: tuple[str, ...]
    series: Mapping[str, tuple[Interval | None, ...]]
    x: str
    reference: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines(Chart):
    """Values over an ordered quantity, with bands.

    Attributes:
        ticks: what stands at each place, such as layers from the input on.
        series: by name, as many intervals as ticks; None where there is no value.
        x: the ordered quantity with its unit.
        y: the quantity with its unit.
        reference: a height that nothing would have; None: none.
    """

    ticks: tuple[str, ...]
    series: Mapping[str, tuple[Interval | None, ...]]
    x: str
    y: str
    reference: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Heat(Chart):
    """A quantity for every pair of a row and a column.

    Attributes:
        rows: labels, from above.
        columns: labels, from the left.
        values: float64 (n_rows, n_columns), NaN where there is none.
        unit: the quantity with its unit.
        signed: whether 0 is the middle of the colors; otherwise their light end is the least value.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Array
    unit: str
    signed: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Points(Chart):
    """Items in the plane.

    Attributes:
        positions: float64 (n, 2).
        groups: n names, a color each.
        labels: of some items by their row: texts that are written beside them.
        x: the first axis with its unit.
        y: the second.
    """

    positions: Array
    groups: tuple[str, ...]
    labels: Mapping[int, str]
    x: str
    y: str


def exactly(value: float) -> Interval:
    """Return a value that is known without error, as charts take it."""
    return Interval(estimate=value, low=value, high=value)
