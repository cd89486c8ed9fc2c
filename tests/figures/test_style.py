"""What all figures share: size, margins, colors."""

from __future__ import annotations

import ast
import io
import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from whytrain.figures.base import style
from whytrain.figures.base.style import DPI, WIDTH, Margins, finite_range, grid, new_figure
from whytrain.figures.training.training_history import training_history
from whytrain.presentation.palette import PALETTE, run_colors, run_lines, text_on


def test_a_figure_is_1200_pixels_wide(readable):
    figure = new_figure(3, "A finding", "how to read it")
    assert round(figure.get_size_inches()[0] * DPI) == 1200
    assert readable(figure) == ["A finding", "how to read it"]


def test_no_figure_uses_the_global_state_of_matplotlib():
    for file in Path(style.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {"pyplot", "rcParams", "rc_context", "use"} & imported, file.name
        assert "matplotlib.pyplot" not in modules | imported, file.name


def test_threads_draw_what_one_thread_draws():
    def draw(number: int) -> bytes:
        figure = training_history(pd.DataFrame({"epoch": [1, 2], "val/loss": [0.5, number]}), 1)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="raw")
        return buffer.getvalue()

    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(draw, range(3)))
    assert together == [draw(number) for number in range(3)]


def test_a_long_title_is_cut_at_the_edge(readable):
    title, subtitle = readable(new_figure(3, "the title of a finding " * 20, "its conditions " * 30))
    assert title.endswith("…")
    assert subtitle.endswith("…")


def test_margins_are_inches():
    figure = new_figure(4, "")
    cells = grid(figure, 2, 2, Margins(left=1, right=0.5, top=0.8, bottom=0.6, across=0.7, down=0.4))
    boxes = [figure.add_subplot(cells[i]).get_position() for i in range(4)]
    # Positions are fractions of the figure; 1e-9 covers their arithmetic.
    assert boxes[0].x0 * WIDTH == pytest.approx(1, abs=1e-9)
    assert boxes[1].x1 * WIDTH == pytest.approx(WIDTH - 0.5, abs=1e-9)
    assert (boxes[1].x0 - boxes[0].x1) * WIDTH == pytest.approx(0.7, abs=1e-9)
    assert boxes[0].y1 * 4 == pytest.approx(4 - 0.8, abs=1e-9)
    assert (boxes[0].y0 - boxes[2].y1) * 4 == pytest.approx(0.4, abs=1e-9)


def test_the_color_of_a_run_is_its_place_among_the_names():
    names = [f"run {i}" for i in range(15)]
    colors, lines = run_colors(names), run_lines(names)
    assert colors["run 0"] == PALETTE[0]
    assert colors == run_colors(names)
    # Where colors are used up, the line style tells runs apart.
    assert len({(colors[name], lines[name]) for name in names}) == 15


def test_neighbors_in_the_palette_differ_in_lightness_or_hue_for_the_color_blind():
    # Machado et al. (2009), deuteranopia, severity 1: the matrix acts on linear RGB.
    deuteranopia = np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    )
    rgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in PALETTE])
    seen = (rgb**2.2) @ deuteranopia.T
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    np.fill_diagonal(distances, 1)
    assert distances.min() > 0.1  # two of matplotlib's own tab10 come within 0.04


def test_text_on_any_color_has_the_contrast_that_it_claims():
    for color in itertools.product(np.linspace(0, 1, 9), repeat=3):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
        luminance = np.dot([0.2126, 0.7152, 0.0722], linear)
        contrast = 1.05 / (luminance + 0.05) if text_on(color) == "#ffffff" else (luminance + 0.05) / 0.05
        assert contrast >= 4.58  # √(1.05 / 0.05), where black and white are equally good


def test_finite_range_ignores_what_is_not_finite():
    assert finite_range(np.array([1, -3, np.nan, np.inf])) == 3
    assert finite_range(np.array([])) > 0
