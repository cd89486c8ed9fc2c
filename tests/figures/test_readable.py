"""The check itself: it finds the faults that it is there to find."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from whytrain.figures.base.style import DPI, WIDTH


def plain_figure() -> Figure:
    return Figure(figsize=(WIDTH, 4), dpi=DPI)


def test_a_clean_figure_passes_and_its_texts_come_back(readable):
    figure = plain_figure()
    figure.text(0.5, 0.5, "here")
    assert readable(figure) == ["here"]


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ([(0.98, 0.5, "leaves to the right")], "leaves the canvas"),
        ([(0.5, 0.99, "leaves at the top")], "leaves the canvas"),
        ([(0.5, 0.5, "one above"), (0.51, 0.51, "the other")], "overlap"),
    ],
)
def test_clipping_and_overlap_are_found(readable, texts, fault):
    figure = plain_figure()
    for x, y, text in texts:
        figure.text(x, y, text)
    with pytest.raises(AssertionError, match=fault):
        readable(figure)


def test_small_print_and_other_sizes_are_found(readable):
    figure = plain_figure()
    figure.text(0.5, 0.5, "small", fontsize=4)
    with pytest.raises(AssertionError, match="points"):
        readable(figure)
    with pytest.raises(AssertionError, match="canvas of"):
        readable(Figure(figsize=(5, 4), dpi=100))


def test_overlapping_tick_labels_are_found(readable):
    figure = plain_figure()
    ax = figure.add_axes((0.1, 0.2, 0.8, 0.7))
    ax.set_xticks(range(30), ["a long label"] * 30)
    with pytest.raises(AssertionError, match="overlap"):
        readable(figure)


def test_a_missing_glyph_is_found(readable):
    figure = plain_figure()
    figure.text(0.5, 0.5, "\U0001f9fe")  # a receipt: in no font that comes with matplotlib
    with pytest.raises(UserWarning, match="Glyph"):
        readable(figure)
