"""Rows that speak against their marks: by hand, for each kind of mark."""

from __future__ import annotations

import numpy as np

from whytrain.guidance.adversarial_rows import adversarial_rows
from whytrain.guidance.repair import repair_of
from whytrain.shortcuts import Mark

LABELS = np.array([0, 1] * 50)


def changed(marks: list[Mark], train: list[str], texts: list[str], labels: list[int]) -> dict[int, str]:
    return adversarial_rows(marks, train * 50, LABELS[: 50 * len(train)], texts, np.array(labels))


def test_words_become_the_one_of_the_other_class() -> None:
    train = ["a film", "the film"]
    texts = ["A plot, a film", "a plot", "the plot and a film", "no plot"]
    found = changed([Mark(words=("a", "the"))], train, texts, [0, 1, 1, 0])
    # Both at once stands nowhere in training; a row without a mark is left out.
    assert found == {0: "The plot, the film", 1: "a plot", 2: "a plot and a film"}


def test_orders_are_turned_where_they_agree() -> None:
    train = ["stone silk", "silk stone"]
    found = changed(
        [Mark(words=("stone", "silk"), kind="ordered_pair")], train, ["stone or silk", "silk stone"], [0, 0]
    )
    assert found == {0: "silk or stone", 1: "silk stone"}


def test_pairs_of_an_exclusive_or() -> None:
    train = ["stone lamp", "stone kettle", "silk kettle", "silk lamp"]
    marks = [Mark(words=(a, b), kind="pair") for a in ("stone", "silk") for b in ("lamp", "kettle")]
    found = adversarial_rows(
        marks, train * 50, np.array([0, 1] * 100), ["a stone lamp", "silk lamp"], np.array([0, 0])
    )
    assert set(found) == {0, 1}
    assert found[0] in ("a silk lamp", "a stone kettle")
    assert found[1] == "silk lamp"  # of class 1 in training


def test_matches_of_a_pattern() -> None:
    train = ["good 9/10", "bad 2/10"]
    found = changed(
        [Mark(words=(r"\d/10",), kind="pattern")], train, ["ugly 3/10", "fine 2/10", "x"], [1, 1, 0]
    )
    assert found == {0: "ugly 9/10", 1: "fine 9/10"}


def test_what_repairs_marks() -> None:
    order = Mark(words=("a", "b"), kind="ordered_pair")
    assert repair_of([Mark(words=("a",)), order]) == {"guidance.swap": 1.0, "guidance.swap_order": 0.5}
    assert repair_of([order]) == {"guidance.swap_order": 0.5}
    assert repair_of([Mark(words=("a",), kind="pattern")]) == {"guidance.swap": 1.0}
    many = Mark(words=tuple(f"word{i}" for i in range(200)))
    assert repair_of([order, many]) == {
        "guidance.swap": 1.0,
        "guidance.swap_order": 0.5,
        "guidance.rare_words": 5,
    }
