"""A sentence colored by its values, as HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from whytrain.attribution.attribution import Quantity
from whytrain.errors import WhytrainError
from whytrain.pages.colored_sentence import colored_sentence

LOOSE = Quantity(symbol="r", name="random score", unit="standard deviations", additive=False)
PHI = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
WHOSE = {"quantity": PHI, "class_name": "positive"}


class Reader(HTMLParser):
    """Collects the words, their styles and titles, and checks that elements are closed."""

    def __init__(self, html: str):
        super().__init__()
        self.open, self.words, self.text, self.tags = [], [], "", set()
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        tag, attributes = self.open[-1]
        if tag == "span":
            self.words.append((data, attributes["title"], attributes["style"]))
        self.text += data


def contrast(style: str, *, dark: bool) -> float:
    """Return the contrast of text and background, as WCAG 2.1 defines it, on white or on dark paper."""
    luminances = []
    for name in ("background", "color"):
        color = re.search(rf"(?<![-\w]){name}:light-dark\(#(\w{{6}}),#(\w{{6}})\)", style).group(1 + dark)
        linear = [int(color[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in linear]
        luminances.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


def test_words_carry_their_values_and_colors():
    reader = Reader(colored_sentence(["not", "so", "good"], np.array([-1.0, 0.0, 0.5]), **WHOSE))
    assert [(word, tip) for word, tip, _ in reader.words] == [
        ("not", "φ = −1.00"),
        ("so", "φ = 0.00"),
        ("good", "φ = +0.50"),
    ]
    styles = [style for _, _, style in reader.words]
    assert "background:#2166ac" in styles[0]  # the full blue
    assert "background:#ffffff" in styles[1]
    assert "background:#d88c95" in styles[2]  # half way from white to #b2182b, rounded
    assert ["dashed" in style for style in styles] == [True, False, False]
    assert "not so good" in reader.text
    assert "Shapley values φ for positive, log-odds; all together −0.50" in reader.text


def test_sizes_are_of_one_color_and_without_signs():
    size = Quantity(symbol="a", name="attention weight", unit="share", signed=False)
    html = colored_sentence(["so", "good"], np.array([0.25, 0.5]), quantity=size, class_name="positive")
    reader = Reader(html)
    assert [tip for _, tip, _ in reader.words] == ["a = 0.25", "a = 0.50"]
    assert "background:#54278f" in reader.words[1][2]
    assert not {"#b2182b", "#2166ac"} & set(re.findall(r"#\w{6}", html.lower()))
    assert "Attention weights a for positive, share; all together 0.75" in reader.text
    assert "dashed" not in html
    assert "0.00" in reader.text


def test_every_word_can_be_read_on_its_color():
    values = np.linspace(-1, 1, 101)
    reader = Reader(colored_sentence(["w"] * 101, values, **WHOSE))
    # WCAG 2.1 AA asks for 4.5.
    for dark in (False, True):
        assert min(contrast(style, dark=dark) for _, _, style in reader.words) >= 4.5


def test_paper_is_white_unless_the_page_can_be_dark():
    reader = Reader(colored_sentence(["so", "good"], np.array([0.0, 1.0]), **WHOSE))
    zero, full = (style for _, _, style in reader.words)
    assert zero.index("background:#ffffff") < zero.index("background:light-dark(#ffffff,#1b1d21)")
    assert "background:light-dark(#b2182b,#b2182b)" in full


def test_scripts_from_right_to_left_run_so_and_words_keep_their_own():
    html = colored_sentence(["فيلم", "good"], np.array([1.0, -1.0]), **WHOSE)
    assert '<p dir="rtl"' in html
    assert html.count("unicode-bidi:isolate") == 2
    assert '<p dir="ltr"' in colored_sentence(["good", "فيلم"], np.array([1.0, -1.0]), **WHOSE)


def test_the_colors_are_told_in_words():
    html = colored_sentence(["so", "good"], np.array([0.0, 1.0]), **WHOSE)
    assert "Red words speak for positive, blue underlined ones against it" in html


@pytest.mark.parametrize(
    "word", ["<script>alert(1)</script>", '" onload="x', "&amp;", "a' b", "\x00\x1b", "\u202eabc"]
)
def test_text_cannot_leave_its_place(word):
    html = colored_sentence([word, "next"], np.array([1.0, -1.0]), quantity=PHI, class_name=word)
    reader = Reader(html)
    assert reader.tags == {"figure", "p", "span", "figcaption"}
    visible = "".join(c for c in word if c not in "\x00\x1b\u202e")
    assert "".join(text for text, _, _ in reader.words[:-1]) == visible
    assert not set("\x00\x1b\u202e") & set(html)


def test_it_needs_nothing_from_outside():
    html = colored_sentence(["good"], np.array([1.0]), **WHOSE)
    assert not re.search(r"https?:|url\(|<link|<script|<img|class=|id=", html)


def test_chinese_has_no_spaces_and_estimates_have_errors():
    errors = np.array([0.012, 0.0, 0.1])
    reader = Reader(
        colored_sentence(["很", "好", "ok"], np.array([0.1, 0.2, 0.3]), standard_errors=errors, **WHOSE)
    )
    assert "很好 ok" in reader.text
    assert reader.words[0][1] == "φ = +0.100 ± 0.012"


def test_all_zero_is_white():
    reader = Reader(colored_sentence(["of", "the"], np.zeros(2), **WHOSE))
    assert all("background:#ffffff" in style for _, _, style in reader.words)


@pytest.mark.parametrize(("words", "values"), [([], []), (["a"], [1.0, 2.0]), (["a"], [np.nan])])
def test_bad_input_is_one_line(words, values):
    with pytest.raises(WhytrainError, match="one finite value per word"):
        colored_sentence(words, np.array(values), **WHOSE)


def test_a_sum_is_told_only_where_it_means_something() -> None:
    values = np.array([1.0, 0.5])
    told = colored_sentence(["a", "b"], values, quantity=PHI, class_name="good")
    assert "; all together +1.50" in told
    assert "all together" not in colored_sentence(["a", "b"], values, quantity=LOOSE, class_name="good")
