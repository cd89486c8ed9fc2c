"""Text from data: one line, literal, shortened by width, drawable."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from whytrain.figures.base import text as fonts
from whytrain.figures.base.style import DPI, WIDTH, finish, fitted, new_figure
from whytrain.figures.base.text import cjk_family, set_fonts, shown, text_width

needs_cjk = pytest.mark.skipif(cjk_family() is None, reason="no CJK font is installed (fonts-noto-cjk)")


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text.replace(r"\$", "$"))


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("two\n lines\tand tabs", 30, "two lines and tabs"),
        ("costs $5 or $6", 30, r"costs \$5 or \$6"),
        ("", 5, ""),
        ("e\u0301te\u0301", 10, "été"),  # composed
        ("a\u200db\ufe0f", 10, "ab"),  # a joiner and a variation selector have no picture
        ("\U0001f9fe", 10, "□"),  # in no font
    ],
)
def test_shown(text, limit, expected):
    assert shown(text, limit) == expected


@given(st.text(max_size=60), st.integers(1, 30))
def test_shown_keeps_its_room_and_its_line(text, limit):
    result = shown(text, limit)
    assert columns(result) <= limit
    assert len(result.splitlines()) <= 1


@given(st.text(max_size=40))
def test_nothing_that_is_shown_lacks_a_glyph_or_is_read_as_mathematics(text):
    figure = Figure(figsize=(WIDTH, 1), dpi=DPI)
    artist = figure.text(0, 0.5, shown(text, 60))
    finish(figure)
    # An even number of bare dollars would be mathematics.
    assert artist.get_text().replace(r"\$", "").count("$") == 0


def test_width_is_that_of_the_drawn_text():
    figure = Figure(figsize=(WIDTH, 1), dpi=DPI)
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text in ("weighted_f1", "0.8073", "a charming and often affecting journey", "WAVE ✓"):
        for bold in (False, True):
            artist = figure.text(0, 0, text, fontsize=9, fontweight="bold" if bold else "normal")
            drawn = artist.get_window_extent(renderer).width / DPI
            # 4% are added for the rounding to pixels; advances ignore kerning ("AV"): 8% in all.
            assert text_width(text, 9, bold=bold) == pytest.approx(drawn, rel=0.08)


def test_fitted_cuts_to_the_width():
    text = "one of the better films of the year " * 8
    cut = fitted(text, 3.0, 10)
    assert cut.endswith("…")
    assert 2.8 < text_width(cut, 10) <= 3.0
    assert fitted("short", 3.0, 10) == "short"


def test_right_to_left_words_keep_the_order_of_a_title():
    figure = new_figure(1.0, "“שלום” and “טוב מאוד” strengthen each other most: +1.20")
    drawn = finish(figure).texts[0].get_text()
    assert drawn == "“\u2068שלום\u2069” and “\u2068טוב מאוד\u2069” strengthen each other most: +1.20"
    # A label that begins with such a word is no right-to-left line: its number stands behind the word.
    plain = Figure(figsize=(WIDTH, 1), dpi=DPI).text(0, 0, "مرحبا (3)")
    set_fonts(plain.get_figure())
    assert plain.get_text() == "\u2068مرحبا\u2069 (3)"


@needs_cjk
def test_chinese_is_drawn(readable):
    figure = Figure(figsize=(WIDTH, 1), dpi=DPI)
    figure.text(0.1, 0.5, shown("这部电影非常好看", 30))
    figure.text(0.5, 0.5, shown("日本語の文", 30), fontweight="bold")
    assert "□" not in "".join(readable(finish(figure)))


@pytest.fixture
def no_cjk_font(monkeypatch):
    """Hide the installed CJK fonts, and forget what was found with them before and after."""
    remembered = (fonts._families, fonts._paths, fonts._charmaps, fonts._advance)
    monkeypatch.setattr(fonts, "cjk_family", lambda: None)
    for function in remembered:
        function.cache_clear()
    yield
    for function in remembered:
        function.cache_clear()


@pytest.mark.usefixtures("no_cjk_font")
def test_without_a_font_chinese_becomes_boxes_without_a_warning(readable):
    figure = Figure(figsize=(WIDTH, 1), dpi=DPI)
    figure.text(0.1, 0.5, shown("电影", 30))
    assert readable(finish(figure)) == ["□□"]
