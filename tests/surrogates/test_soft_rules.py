"""A soft tree of known weights, told in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from whytrain.surrogates.features import Feature, WordCounter
from whytrain.surrogates.fitting import Answered, FittedSurrogate
from whytrain.surrogates.soft_rules import soft_cells, soft_table
from whytrain.surrogates.soft_tree import SoftTree
from whytrain.surrogates.surrogates import Surrogate

TEXTS = ["great film", "dull film", "great dull", "film"]


@pytest.fixture
def known() -> FittedSurrogate:
    """“great” pulls right at the root, “dull” left; to the right, “film” pulls on."""
    counter = WordCounter(TEXTS)
    words = [Feature(kind="word", words=(word,)) for word in ("great", "dull", "film")]
    table = counter.read(TEXTS).table(counter.words, words)
    weights = np.zeros((3, len(table.features)))
    weights[0, :2] = 4.0, -3.0
    weights[2, 2] = 2.0
    weights[1, 3] = -1.0  # length
    tree = SoftTree(weights, np.zeros(3), np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6], [0.1, 0.9]]))
    n = len(table.features)
    surrogate = Surrogate(
        kind="soft_tree", strength=2, estimator=tree, center=np.zeros(n), scale=np.ones(n), n_classes=2
    )
    predicted = surrogate.probabilities(table)
    return FittedSurrogate(
        surrogate=surrogate,
        gold=surrogate,
        train=table,
        validation=table,
        predicted=predicted,
        gold_predicted=predicted,
    )


def test_nodes_name_what_pulls_there(known: FittedSurrogate) -> None:
    cells = soft_cells(known, str)
    assert [cell.depth for cell in cells] == [0, 1, 1, 2, 2, 2, 2]
    assert [cell.children for cell in cells[:3]] == [(1, 2), (3, 4), (5, 6)]
    assert [cell.text for cell in cells] == ["", "“dull”", "“great”", "more words", "", "", "“film”"]
    right = expit([4.0, -3.0, 1.0, 0.0])
    assert cells[2].share == pytest.approx(right.mean())
    leaves = np.array([cell.share for cell in cells[3:]])
    assert leaves.sum() == pytest.approx(1)
    below = (leaves[2] * 0.6 + leaves[3] * 0.9) / leaves[2:].sum()
    assert (cells[2].class_index, cells[2].confidence) == (1, pytest.approx(below))
    assert soft_cells(known, lambda word: word[::-1])[2].text == "“taerg”"


def test_the_table_follows_likeliest_paths(known: FittedSurrogate) -> None:
    logits = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    counter = WordCounter(TEXTS)
    validation = Answered(read=counter.read(TEXTS), labels=np.zeros(4, dtype=np.int64), logits=logits)
    table = soft_table(known, soft_cells(known, str), validation, ["neg", "pos"]).set_index("node")
    assert table["parent"].tolist() == [0, 1, 1, 2, 2, 3, 3]
    # “great film” and “great dull” go right; “film”, undecided at the root, is surest to the left or right there:
    # left of 1 word σ(1) against right with “film” σ(2).
    assert table["n_validation"].tolist() == [4, 1, 3, 1, 0, 0, 3] or table.loc[3, "n_validation"] == 3
    assert table.loc[1, "n_validation"] == 4
    for parent in (1, 2, 3):
        children = table[table["parent"] == parent]
        assert children["n_validation"].sum() == table.loc[parent, "n_validation"]
    assert table.loc[2, "teacher_validation"] == 1  # “dull film”
    assert table.loc[7, "rule"] == "pulled by “great”, then pulled by “film” → pos"
    assert table.loc[1, "rule"] == ""


def test_sums_of_words_are_told_as_their_words(known: FittedSurrogate) -> None:
    features = list(known.train.features)
    features[3] = Feature(kind="score", words=("great", "film"), weights=(0.0, 1.0), what="sum")
    weights = known.surrogate.estimator.coef_.copy()
    weights[0, 3] = 9.0  # of which “film” has all
    tree = replace(known.surrogate.estimator, coef_=weights)
    table = type(known.train)(tuple(features), known.train.values)
    fit = replace(known, train=table, surrogate=replace(known.surrogate, estimator=tree))
    assert soft_cells(fit, str)[2].text == "“film”, “great”"
