"""One check for all figures: everything that is written can be read."""

from __future__ import annotations

import itertools
import logging
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from scipy.special import softmax

_SLACK = 1.5  # pixels: anti-aliasing, and the empty rim of a text's box
_SMALLEST = 6.0  # points: ten pixels high in a figure of 1200
_LONGEST_SIDE = 2400  # pixels: two screens high at most


def drawn_texts(figure: Figure) -> list[tuple[str, Bbox, float]]:
    """Draw a figure and return what it wrote: string, box in pixels, size in points."""
    drawn: dict[int, Text] = {}
    original = Text.draw

    def recording(self: Text, renderer: object) -> None:
        if self.get_visible() and self.get_text().strip():
            drawn[id(self)] = self
        original(self, renderer)

    canvas = FigureCanvasAgg(figure)
    Text.draw = recording
    try:
        canvas.draw()
    finally:
        Text.draw = original
    renderer = canvas.get_renderer()
    return [
        (text.get_text(), Text.get_window_extent(text, renderer), float(text.get_fontsize()))
        for text in drawn.values()
    ]


def faults(figure: Figure, texts: list[tuple[str, Bbox, float]]) -> list[str]:
    """Return what a reader could not read: texts that leave the canvas, overlap or are too small."""
    canvas = figure.bbox
    found = []
    if max(canvas.width, canvas.height) > _LONGEST_SIDE or round(canvas.width) != 1200:
        found.append(f"canvas of {canvas.width:.0f} × {canvas.height:.0f} pixels")
    for name, box, size in texts:
        if box.x0 < -_SLACK or box.y0 < -_SLACK or box.x1 > canvas.x1 + _SLACK or box.y1 > canvas.y1 + _SLACK:
            found.append(f"{name!r} leaves the canvas: {box.extents.round()} of {canvas.extents}")
        if size < _SMALLEST:
            found.append(f"{name!r} has {size} points")
    for (one, a, _), (other, b, _) in itertools.combinations(texts, 2):
        width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if width > _SLACK and height > _SLACK:
            found.append(f"{one!r} and {other!r} overlap by {width:.0f} × {height:.0f} pixels")
    return found


@pytest.fixture
def readable(caplog: pytest.LogCaptureFixture) -> Callable[[Figure], list[str]]:
    """Return a function that asserts that a figure can be read, without warnings, and returns its texts."""

    def check(figure: Figure) -> list[str]:
        with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
            warnings.simplefilter("error")
            texts = drawn_texts(figure)
        found = faults(figure, texts)
        assert not found, "\n".join(found[:10])
        assert not caplog.records, caplog.text
        return [text for text, _, _ in texts]

    return check


@pytest.fixture(scope="session")
def runs() -> Callable[..., dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Return a function that makes runs: probabilities and labels of a model that is too sure, or not."""

    def make(n_runs: int, n_rows: int = 300, n_classes: int = 2) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        made = {}
        for i in range(n_runs):
            generator = np.random.default_rng(i)
            logits = generator.normal(0, 1.2, (n_rows, n_classes))
            labels = (softmax(logits, axis=1).cumsum(1) > generator.random((n_rows, 1))).argmax(1)
            name = ["baseline", "bilstm_opt seed=1", "a run whose name is quite long, $x$ and 运行"][i % 3]
            made[name if i < 3 else f"{name} {i}"] = softmax(logits * [1.0, 2.5, 0.6][i % 3], axis=1), labels
        return made

    return make


@pytest.fixture(scope="session")
def sentences() -> dict[str, list[str]]:
    """Return sentences as lists of words: one word, Chinese, and forty-four words some of which are odd."""
    usual = ["it", "is", "n't", "a", "bad", "movie", ",", "but", "hardly", "a", "great", "one"]
    odd = ["$5", "or", "$10", "x" * 60, "\U0001f600\U0001f9fe", "antidisestablishmentarianism", "<b>", ""]
    return {
        "one": ["good"],
        "chinese": list("这部电影非常好看但结局很糟"),
        "long": odd + usual * 3,
    }


@pytest.fixture(scope="session")
def game() -> Callable[[int], np.ndarray]:
    """Return a function that makes the payoffs of a game with interactions: float64 (2^n,)."""

    def make(n_players: int) -> np.ndarray:
        generator = np.random.default_rng(n_players)
        present = (np.arange(2**n_players)[:, None] >> np.arange(n_players)) & 1
        pairs = np.triu(generator.normal(0, 0.5, (n_players, n_players)), 1)
        together = np.einsum("si,ij,sj->s", present, pairs, present)
        return present @ generator.normal(0, 0.6, n_players) + together - 0.3

    return make
