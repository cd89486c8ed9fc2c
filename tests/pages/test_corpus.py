"""Figures of many explained sentences hold the numbers of their tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from whytrain.attribution.attribution import Attribution, Pairs, Quantity
from whytrain.attribution.target import ClassTarget
from whytrain.pages.corpus import vocabulary_figures

PHI = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
SYNERGY = Quantity(symbol="interaction", name="Shapley interaction", unit="log-odds")
OF = Attribution(
    method="shapley",
    variant="padding",
    words=("fine",),
    target=ClassTarget(name="good", index=0, payoff="log_odds"),
    scores=np.ones(1),
    standard_errors=None,
    quantity=PHI,
    total=None,
    n_evaluations=2,
    make_pairs=lambda: Pairs(scores=np.zeros((1, 1)), standard_errors=None, quantity=SYNERGY),
)


def hashed(word: str) -> str:
    return f"#{word}"


def test_words_and_pairs_that_occur_seldom_are_left_out() -> None:
    of = {"variant": "padding", "class": "good"}
    words = pd.DataFrame(
        {"word": ["rare", "fine", "dull"], "score": [9.0, 2.0, -1.0], "standard_error": [np.nan, 0.5, 0.1]}
    ).assign(count=[1, 4, 7], **of)
    pairs = pd.DataFrame(
        {
            "word_a": ["a", "fine", "dull"],
            "word_b": ["rare", "not", "not"],
            "interaction": [9.0, -2.0, 1.0],
            "standard_error": [np.nan, 0.25, 0.5],
        }
    ).assign(count=[2, 3, 4], **of)
    figures = vocabulary_figures(words, pairs, of=OF, name=hashed)
    importance = figures["corpus_importance"].axes[0]
    assert [bar.get_width() for bar in importance.patches] == [2.0, -1.0]
    assert [label.get_text() for label in importance.get_yticklabels()] == ["#fine (4)", "#dull (7)"]
    drawn = figures["corpus_pairs"]
    bars = drawn.axes[0]
    assert [bar.get_width() for bar in bars.patches] == [-2.0, 1.0]
    names = [label.get_text() for label in bars.get_yticklabels()]
    assert names == ["“#fine” + “#not” (3)", "“#dull” + “#not” (4)"]
    # t quantiles of 2 and 3 degrees of freedom, as tables have them.
    ends = [segment[:, 0] for segment in bars.collections[0].get_segments()]
    half = np.array([4.303 * 0.25, 3.182 * 0.5])
    np.testing.assert_allclose(ends, np.array([[-2.0], [1.0]]) + half[:, None] * [-1, 1], atol=1e-3)
    assert "“#fine” and “#not” weaken each other most: −2.00" in [text.get_text() for text in drawn.texts]


def test_of_many_pairs_the_strongest_are_drawn() -> None:
    n = 30
    pairs = pd.DataFrame(
        {
            "word_a": [f"a{i}" for i in range(n)],
            "word_b": [f"b{i}" for i in range(n)],
            "interaction": np.linspace(3, 1, n),
            "standard_error": 0.1,
        }
    ).assign(variant="padding", count=5, **{"class": "good"})
    words = pd.DataFrame({"word": ["x"], "score": [0.0], "standard_error": [np.nan], "count": [1]})
    figures = vocabulary_figures(words.assign(**{"class": "good"}), pairs, of=OF, name=str)
    assert set(figures) == {"corpus_pairs"}
    names = [label.get_text() for label in figures["corpus_pairs"].axes[0].get_yticklabels()]
    assert names == [f"“a{i}” + “b{i}” (5)" for i in range(10)]


def test_a_method_without_pairs_has_no_figure_of_them() -> None:
    words = pd.DataFrame({"word": ["fine"], "score": [2.0], "standard_error": [0.5], "count": [3]})
    gradients = replace(
        OF, quantity=Quantity(symbol="IG", name="integrated gradient", unit="log-odds"), make_pairs=None
    )
    figures = vocabulary_figures(words.assign(**{"class": "good"}), None, of=gradients, name=str)
    assert set(figures) == {"corpus_importance"}
    assert figures["corpus_importance"].axes[0].get_xlabel() == "integrated gradient IG for good (log-odds)"
