"""The rules of a tree: they are the tree, and they can be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import entropy

from whytrain.surrogates.features import Feature, FeatureTable
from whytrain.surrogates.rules import (
    Condition,
    Judged,
    Rule,
    cells_of,
    rule_evidence,
    rule_text,
    rules_of,
    tree_cells,
)
from whytrain.surrogates.surrogates import Surrogate, fit_surrogate

FEATURES = (
    Feature(kind="word", words=("bad",)),
    Feature(kind="form", what="negation"),
    Feature(kind="form", what="length in words", unit="words"),
    Feature(kind="score", what="all words together for pos", words=("bad",), weights=(-2.0,)),
)
NAMES = ["neg", "pos", "other"]


@pytest.fixture(scope="module")
def answered() -> tuple[Surrogate, FeatureTable, np.ndarray]:
    draw = np.random.default_rng(0)
    values = np.stack(
        [draw.integers(2, size=300), draw.integers(2, size=300), draw.integers(1, 20, 300)], axis=1
    )
    odds = np.stack([3.0 * values[:, 0], 1.0 - values[:, 1], 0.2 * values[:, 2] - 2], axis=1)
    target = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    table = FeatureTable(FEATURES, values.astype(float))
    return fit_surrogate("tree", table, target, strength=4, seed=0), table, target


def test_every_sentence_fulfils_the_conditions_of_its_rule_alone(answered: tuple) -> None:
    surrogate, table, _ = answered
    rules, cells = rules_of(surrogate), cells_of(surrogate, table)
    for row, cell in zip(table.values, cells, strict=True):
        holding = [r for r in rules if all(c.low < row[c.feature] <= c.high for c in r.conditions)]
        assert [r.cell for r in holding] == [cell]
    assert all(len({c.feature for c in rule.conditions}) == len(rule.conditions) for rule in rules)


def test_confidence_and_impurity_are_those_of_the_leaf(answered: tuple) -> None:
    surrogate, table, _ = answered
    predicted, cells = surrogate.probabilities(table), cells_of(surrogate, table)
    for rule in rules_of(surrogate):
        row = predicted[cells == rule.cell][0]
        assert rule.confidence == pytest.approx(row.max())
        assert rule.class_index == row.argmax()
        assert rule.impurity == pytest.approx(entropy(row, base=2), abs=1e-9)


def test_counts_are_those_of_the_sentences_that_a_rule_covers(answered: tuple) -> None:
    surrogate, table, target = answered
    labels = np.random.default_rng(1).integers(3, size=300)
    train = Judged(table=table, labels=labels, network=target.argmax(axis=1))
    rows = np.arange(0, 300, 7)
    validation = Judged(table=table.select(rows), labels=labels[rows], network=target[rows].argmax(axis=1))
    found = rule_evidence(surrogate, train, validation, NAMES, str)
    assert sum(rule.n_train for rule in found) == 300
    assert sum(rule.support for rule in found) == pytest.approx(1.0)
    assert sum(rule.n_validation for rule in found) == len(rows)
    assert [rule.n_train for rule in found] == sorted((rule.n_train for rule in found), reverse=True)
    predicted = surrogate.probabilities(table).argmax(axis=1)
    assert sum(rule.right_train for rule in found) == (predicted == labels).sum()
    assert sum(rule.teacher_train for rule in found) == (predicted == train.network).sum()
    assert sum(rule.right_validation for rule in found) == (predicted == labels)[rows].sum()
    assert sum(rule.teacher_validation for rule in found) == (predicted == train.network)[rows].sum()


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        ((), "always → pos"),
        (
            (Condition(feature=0, low=0.5, high=np.inf), Condition(feature=2, low=-np.inf, high=7.5)),
            "contains “bad”, at most 7 words → pos",
        ),
        (
            (Condition(feature=0, low=-np.inf, high=0.5), Condition(feature=1, low=-np.inf, high=0.5)),
            "without “bad”, negation → pos",
        ),
        (
            (
                Condition(feature=0, low=-np.inf, high=0.5),
                Condition(feature=2, low=3.5, high=9.5),
                Condition(feature=1, low=0.5, high=np.inf),
            ),
            "contains negation, 4 to 9 words, without “bad” → pos",
        ),
        ((Condition(feature=2, low=12.5, high=np.inf),), "13 words or more → pos"),
        (
            (Condition(feature=2, low=6.5, high=7.5), Condition(feature=3, low=-0.21, high=np.inf)),
            "7 words, all words together for pos > −0.21 → pos",
        ),
    ],
)
def test_rules_read_as_sentences(conditions: tuple[Condition, ...], text: str) -> None:
    assert (
        rule_text(
            Rule(cell=0, conditions=conditions, class_index=1, confidence=0.9, impurity=0.1),
            FEATURES,
            NAMES,
            str,
        )
        == text
    )


def test_words_can_be_hidden() -> None:
    rule = Rule(
        cell=0,
        conditions=(Condition(feature=0, low=0.5, high=np.inf), Condition(feature=1, low=-np.inf, high=0.5)),
        class_index=0,
        confidence=0.9,
        impurity=0.1,
    )
    assert rule_text(rule, FEATURES, NAMES, lambda word: "#") == "contains “#”, without negation → neg"


def test_a_diagram_has_the_trees_cells(answered: tuple) -> None:
    surrogate = answered[0]
    cells = tree_cells(surrogate, FEATURES, str)
    assert cells[0].text == ""
    assert cells[0].share == pytest.approx(1.0)
    for cell in cells:
        if cell.children:
            left, right = (cells[i] for i in cell.children)
            assert left.depth == right.depth == cell.depth + 1
            assert left.share + right.share == pytest.approx(cell.share)
            pairs = {("without “bad”", "contains “bad”"), ("without negation", "contains negation")}
            counts = [int(word) for cell in (left, right) for word in cell.text.split() if word.isdigit()]
            assert (left.text, right.text) in pairs or (
                left.text.startswith("at most") and counts[0] + 1 == counts[1]
            )
    leaves = [cell for cell in cells if not cell.children]
    assert sorted(cell.confidence for cell in leaves) == pytest.approx(
        sorted(rule.confidence for rule in rules_of(surrogate))
    )


def test_a_tree_that_asks_nothing_has_one_rule(measured: Callable[[np.ndarray], FeatureTable]) -> None:
    target = np.tile([[0.4, 0.6]], (20, 1))
    surrogate = fit_surrogate("tree", measured(np.ones((20, 1))), target, strength=3, seed=0)
    (rule,) = rules_of(surrogate)
    assert rule.conditions == ()
    assert rule.confidence == pytest.approx(0.6)
    assert len(tree_cells(surrogate, FEATURES, str)) == 1
