"""An explained text in the terminal, as a page and as files: any methods, each under its own name."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console
from whytrain.pages.explanation_files import terminal, write_explanation

from whytrain.attribution.attribution import Attribution, Pairs, PhraseTree, Quantity
from whytrain.attribution.deletion import delete_words
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.shapley.interaction_tree import interaction_tree
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.text import ExplainedText
from whytrain.pages.explanation import page, scores_table

WORDS = ("not", "<i>so</i>", "good")
GOOD = ClassTarget(name="good", index=1, payoff="log_odds")
# v of the coalitions of three words: 1 for "so", 3 for "good", which "not" turns to −5 together with it.
V = np.array([0.5, 0.5, 1.5, 1.5, 3.5, -4.5, 4.5, -3.5])


def ask(present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logits of two classes whose log-odds are v."""
    v = V[present @ (1 << np.arange(3))]
    return np.stack([np.zeros_like(v), v], axis=1)


def explained_by(
    method: str, variant: str, scores: list[float], quantity: Quantity, **others: object
) -> Explanation:
    promised: dict[str, Any] = {"total": None, **others}
    attribution = Attribution(
        method=method,
        variant=variant,
        words=WORDS,
        target=GOOD,
        scores=np.array(scores),
        standard_errors=None,
        quantity=quantity,
        n_evaluations=8,
        **promised,
    )
    return Explanation(attribution=attribution, deletion=delete_words(attribution, "padding", ask))


@pytest.fixture(scope="module")
def explained() -> ExplainedText:
    """By Shapley values, by integrated gradients whose sum misses 0.25, and at random."""
    pairs = np.array([[0.0, 0.0, -8.0], [0.0, 0.0, 0.0], [-8.0, 0.0, 0.0]])
    synergy = Quantity(symbol="interaction", name="Shapley interaction", unit="log-odds")
    shapley = explained_by(
        "shapley",
        "padding",
        [-4.0, 1.0, -1.0],
        Quantity(symbol="φ", name="Shapley value", unit="log-odds"),
        total=(0.5, -3.5),
        pairs=Pairs(scores=pairs, standard_errors=None, quantity=synergy),
        make_tree=lambda: PhraseTree(tree=interaction_tree(V), words=WORDS),
    )
    gradients = explained_by(
        "integrated_gradients",
        "padding_baseline",
        [-2.0, 0.5, -2.25],
        Quantity(symbol="IG", name="integrated gradient", unit="log-odds"),
        total=(0.5, -3.5),
    )
    noise = explained_by(
        "random", "", [0.5, -1.5, 0.25], Quantity(symbol="r", name="random score", unit="standard deviations")
    )
    return ExplainedText(
        text=" ".join(WORDS),
        label="good",
        probabilities={"bad": 0.25, "good": 0.75},
        verdict=None,
        explanations=(shapley, gradients, noise),
        notes=(),
    )


def test_the_terminal_has_a_column_for_each_method(explained: ExplainedText) -> None:
    console = Console(width=120, file=io.StringIO())
    console.print(terminal(explained))
    said = console.file.getvalue()
    rows = [
        [cell.strip() for cell in line.replace("┃", "│").split("│")[1:-1]]
        for line in said.splitlines()
        if "│" in line or "┃" in line
    ]
    heads = [row[2:] for row in rows if len(row) == 5][:3]
    assert heads[0] == ["shapley", "integrated gradients", "random"]
    assert heads[1] == ["(padding)", "(padding baseline)", ""]
    assert heads[2] == ["φ, log-odds", "IG, log-odds", "r, standard deviations"]
    by_word = {row[1]: row[2:] for row in rows if len(row) == 5}
    assert by_word["not"] == ["−4.00", "−2.00", "+0.50"]
    assert by_word["<i>so</i>"] == ["+1.00", "+0.50", "−1.50"]
    # −4 + 1 − 1 is v(N) − v(∅); −2 + 0.5 − 2.25 = −3.75 misses it by 0.25; random scores promise nothing.
    assert by_word["Σ"] == ["−4.00", "−3.75", ""]
    assert by_word["Σ − (v(N) − v(∅))"] == ["0", "+0.250", ""]
    assert "Strongest interactions, shapley (padding)" in " ".join(said.split())
    assert said.count("Strongest interactions") == 1
    assert "not + good" in said


def test_words_and_classes_in_brackets_are_no_markup(explained: ExplainedText) -> None:
    e = explained.explanations[0]
    a = replace(e.attribution, words=("[b]", "[/b]", "x"), target=replace(GOOD, name="[/red]"), pairs=None)
    console = Console(width=120, file=io.StringIO())
    console.print(scores_table([replace(e, attribution=a)]))
    assert all(text in console.file.getvalue() for text in ("[b]", "[/b]", "Scores for [/red]"))


def test_the_page_has_a_sentence_for_each_method(explained: ExplainedText) -> None:
    html = page("Predicted: good", explained.explanations, ["bad", "good"])
    sections = html.split("<h2")[1:]
    assert len(sections) == 3
    for section, title, quantity in zip(
        sections,
        ("shapley (padding)", "integrated_gradients (padding_baseline)", "random"),
        (
            "Shapley values φ for good, log-odds",
            "Integrated gradients IG for good, log-odds",
            "Random scores r for good, standard deviations",
        ),
        strict=True,
    ):
        assert f">{title}; predicted bad<" in section
        assert quantity in section
        assert "&lt;i&gt;so&lt;/i&gt;" in section
    assert "Shapley" not in "".join(sections[1:])
    assert "<i>" not in html


def test_files_are_drawn_of_what_each_method_has(explained: ExplainedText, tmp_path: Path) -> None:
    write_explanation(explained, tmp_path)
    everywhere = {"importance", "positions", "path", "parts"}
    others = {f"{m}_{kind}" for m in ("integrated_gradients", "random") for kind in everywhere}
    assert {path.stem for path in tmp_path.glob("*.png")} == everywhere | {"network", "tree"} | others
    content = json.loads((tmp_path / "explanation.json").read_text("utf-8"))
    assert [e["method"] for e in content["explanations"]] == ["shapley", "integrated_gradients", "random"]
    assert [e["quantity"]["symbol"] for e in content["explanations"]] == ["φ", "IG", "r"]
    assert content["explanations"][1]["interactions"] is None
    assert content["explanations"][0]["interactions"][0] == {
        "words": ["not", "good"],
        "positions": [1, 3],
        "interaction": -8.0,
        "standard_error": None,
    }
