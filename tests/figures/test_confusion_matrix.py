"""The confusion matrix and the classification report."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as oracle_matrix
from sklearn.metrics import precision_recall_fscore_support

from whytrain.errors import WhytrainError
from whytrain.figures.training.confusion_matrix import confusion_matrix

LONG_NAMES = [
    "extraordinarily positive review",
    "neither positive nor negative",
    "体育新闻和国际政治以及经济",
    "$money$ matters",
    "international relations",
    "x",
    "entertainment",
    "w" * 60,
]


def rows_of_table(texts: list[str], names: list[str]) -> dict[str, list[str]]:
    """Return the five cells of each row of the report that starts with a name."""
    start = texts.index("support")
    cells = texts[start + 1 :]
    return {name: cells[cells.index(name) + 1 : cells.index(name) + 5] for name in names}


def test_counts_shares_and_report_are_those_of_scikit_learn(readable):
    generator = np.random.default_rng(0)
    labels, predictions = generator.integers(0, 3, 300), generator.integers(0, 3, 300)
    names = ["bad", "so-so", "good"]
    figure = confusion_matrix(labels, predictions, names)
    texts = readable(figure)
    expected = oracle_matrix(labels, predictions)
    shares = expected / expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), shares)
    cells = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in figure.axes[0].texts}
    for (true, predicted), count in np.ndenumerate(expected):
        assert cells[true, predicted] == f"{count}\n{shares[true, predicted]:.1%}"
    report = rows_of_table(texts, [*names, "macro average", "weighted average"])
    scores = precision_recall_fscore_support(labels, predictions)
    for i, name in enumerate(names):
        assert report[name] == [*(f"{score[i]:.3f}" for score in scores[:3]), str(scores[3][i])]
    for average in ("macro", "weighted"):
        expected_average = precision_recall_fscore_support(labels, predictions, average=average)[:3]
        assert report[f"{average} average"] == [*(f"{score:.3f}" for score in expected_average), "300"]
    worst = (expected - np.diag(np.diag(expected))).max()
    assert any(f"{worst} times" in text for text in texts)


def test_eight_classes_with_long_names(readable):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 8, 100_000)
    predictions = np.where(generator.random(100_000) < 0.7, labels, generator.integers(0, 8, 100_000))
    figure = confusion_matrix(labels, predictions, LONG_NAMES)
    texts = readable(figure)
    assert len(figure.axes[0].texts) == 64
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][5:7] == ["x", "entertainment"]
    assert "extraordi…e review" in texts  # both ends: they may be what tells classes apart


def test_many_classes_go_by_numbers_and_the_worst_have_rows(readable):
    labels = np.arange(154) % 77
    predictions = np.where(
        labels % 5 == 0, 1, labels
    )  # 0, 5, …, 75 are never right; 1 is predicted too often
    texts = readable(
        confusion_matrix(labels, predictions, [f"class with a long name {i}" for i in range(77)])
    )
    rows = [int(text.split(" ")[0]) for text in texts if text.endswith(tuple("0123456789")) and "…" in text]
    assert rows == list(range(0, 77, 5))
    assert "worst 16 of 77" in texts
    assert "weighted average" in texts


def test_a_class_that_does_not_occur_and_no_errors(readable):
    figure = confusion_matrix(np.array([0]), np.array([0]), ["no", "yes"])
    texts = readable(figure)
    assert "1 of 1 sentences right (100.0%)" in texts
    assert "No errors" in texts
    assert rows_of_table(texts, ["yes"])["yes"] == ["0.000", "0.000", "0.000", "0"]


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([], [], "at least one"),
        ([0, 1], [0], "equal length"),
        ([0, 2], [0, 1], "classes 0 to 1"),
        ([-1], [0], "0 to 1"),
    ],
)
def test_bad_input_is_one_line(labels, predictions, message):
    with pytest.raises(WhytrainError, match=message):
        confusion_matrix(np.array(labels, dtype=int), np.array(predictions, dtype=int), ["a", "b"])
