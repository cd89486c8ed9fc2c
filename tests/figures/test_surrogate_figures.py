"""Figures of surrogates: coefficients, tree, rules, fidelity by epoch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from whytrain.errors import WhytrainError
from whytrain.figures.surrogates.coefficients import coefficients
from whytrain.figures.surrogates.decision_tree import decision_tree
from whytrain.figures.surrogates.fidelity_history import fidelity_history
from whytrain.figures.surrogates.rule_list import rule_list
from whytrain.presentation.palette import NEGATIVE, POSITIVE
from whytrain.surrogates.evidence import RuleEvidence
from whytrain.surrogates.rules import TreeCell

ODD = [
    "“great”",
    "“很好” + “电影”",
    "“$5 or $10”",
    "“" + "x" * 60 + "”",
    "length in words",
    "hidden mean 158",
]


def betas(n: int, scale: float, classes: list[str]) -> pd.DataFrame:
    draw = np.random.default_rng(n)
    return pd.DataFrame(
        {
            "feature": [ODD[i % len(ODD)] + str(i) for i in range(n)],
            "class": [classes[i % len(classes)] for i in range(n)],
            "beta": draw.normal(0, scale, n),
            "contribution": draw.random(n) * scale,
            "sentences": draw.integers(0, 30, n),
        }
    )


@pytest.mark.parametrize(("n", "scale"), [(1, 1.0), (6, 0.004), (300, 30.0)])
@pytest.mark.parametrize("classes", [["positive"], ["a", "short", "quite a long class name"]])
def test_coefficients_are_the_largest_red_and_blue(readable, n, scale, classes):
    table = betas(n, scale, classes)
    figure = coefficients(table)
    readable(figure)
    left, right = figure.axes
    largest = table.loc[table["beta"].abs().sort_values(ascending=False).index[:20]]
    np.testing.assert_allclose([bar.get_width() for bar in left.patches], largest["beta"])
    np.testing.assert_allclose([bar.get_width() for bar in right.patches], largest["contribution"])
    for bar in left.patches:
        assert to_hex(bar.get_facecolor()).upper() == (POSITIVE if bar.get_width() >= 0 else NEGATIVE)


def test_coefficients_need_rows():
    with pytest.raises(WhytrainError, match="coefficients: expected rows with"):
        coefficients(betas(0, 1.0, ["a"]))


def full_tree(depth: int, n_classes: int) -> list[TreeCell]:
    """Cells of a tree whose every cell above `depth` has two below it, numbered from left to right."""
    cells: list[TreeCell] = []

    def add(level: int) -> int:
        number = len(cells)
        cell = TreeCell(
            depth=level,
            text=ODD[number % len(ODD)] if level else "",
            children=(),
            class_index=number % n_classes,
            confidence=0.6,
            share=0.5**level,
        )
        cells.append(cell)
        if level < depth:
            cells[number] = replace(cell, children=(add(level + 1), add(level + 1)))
        return number

    add(0)
    return cells


@pytest.mark.parametrize(("depth", "n_drawn"), [(0, 1), (1, 3), (4, 31), (8, 31)])
def test_trees_are_drawn_as_far_as_they_can_be_read(readable, depth, n_drawn):
    cells = full_tree(depth, 2)
    figure = decision_tree(cells, ["negative", "positive"], "all words together for positive: what it is")
    texts = readable(figure)
    assert "all words together for positive: what it is" in texts
    assert len(figure.axes[0].collections) == n_drawn + 1  # and the branches
    assert any("hollow" in text for text in texts) == (depth > 4)
    if depth:
        first = ODD[cells[0].children[1] % len(ODD)]
        title = f"The tree surrogate asks first: {first[:10]}"
        assert any(text.replace("\\$", "$").startswith(title) for text in texts)
    else:
        assert "The tree surrogate has found nothing to ask" in texts


def test_tree_colors_are_classes_and_deep_chains_are_cut(readable):
    cells = [
        TreeCell(
            depth=i // 2 + i % 2,
            text=f"“w{i}”",
            children=(i + 1, i + 2) if i % 2 == 0 and i < 24 else (),
            class_index=i % 3,
            confidence=0.9,
            share=0.1,
        )
        for i in range(25)
    ]
    readable(decision_tree(cells, ["a", "b", "c"]))
    with pytest.raises(WhytrainError, match="at least one cell"):
        decision_tree([], ["a", "b"])


def rule(i: int, n_validation: int = 40) -> RuleEvidence:
    text = " and ".join(ODD[: i % 5 + 1])
    return RuleEvidence(
        text=f"{text} → class {i % 3}",
        class_name=f"class {i % 3}",
        confidence=0.93,
        impurity=0.4,
        n_train=300 - i,
        support=0.1,
        right_train=70,
        teacher_train=80,
        n_validation=n_validation,
        right_validation=20,
        teacher_validation=30,
    )


@pytest.mark.parametrize("n", [1, 9, 60])
def test_rules_stand_in_a_table(readable, n):
    texts = readable(rule_list([rule(i) for i in range(n)], "all words together for positive: what it is"))
    assert "all words together for positive: what it is" in texts
    assert "300 (10%)" in texts
    assert "75% of 40" in texts
    assert "50% of 40" in texts
    assert sum(text.startswith("class ") for text in texts) == min(n, 16)
    (title,) = (text for text in texts if text.startswith(f"{n} rule"))
    assert title.endswith("75% of sentences")


def test_rules_that_cover_nothing(readable):
    assert "–" in readable(rule_list([rule(0, n_validation=0)]))
    with pytest.raises(WhytrainError, match="at least one rule"):
        rule_list([])


@pytest.mark.parametrize("n_epochs", [1, 3, 40])
def test_fidelity_is_drawn_beside_its_floors(readable, n_epochs):
    epochs = np.arange(1, n_epochs + 1)
    history = pd.DataFrame({"epoch": epochs, "majority": 0.5})
    for kind, shift in (("logistic", 0.0), ("tree", -0.1)):
        history[f"agreement_{kind}"] = 0.9 + shift - 0.1 / epochs
        history[f"over_gold_{kind}"] = 0.2
        history[f"kl_{kind}"] = 0.1 / epochs
    figure = fidelity_history(history)
    texts = readable(figure)
    agreement, divergence = figure.axes
    lines = [line.get_ydata() for line in agreement.lines]
    np.testing.assert_allclose(lines[0], history["agreement_logistic"])
    np.testing.assert_allclose(lines[1], history["agreement_logistic"] - 0.2)
    np.testing.assert_allclose(divergence.lines[1].get_ydata(), history["kl_tree"])
    assert any(text.startswith("Network and logistic surrogate agree in ") for text in texts)
    with pytest.raises(WhytrainError, match="missing"):
        fidelity_history(history.drop(columns="majority"))
