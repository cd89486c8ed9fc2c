"""Planted wrong labels are found, by each source and by the list; confident learning is cleanlab's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cleanlab.filter import find_label_issues
from sklearn.metrics import roc_auc_score

from whytrain.influence.mislabeled import contradicted, label_doubts, normal_scores
from whytrain.influence.row_history import RowHistory
from whytrain.tasks import CLASSIFICATION, TASKS


def answers(n: int, labels: np.ndarray, n_classes: int, sureness: float, seed: int) -> np.ndarray:
    """Return probabilities of a model that mostly knows the true labels."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, n_classes)) + sureness * np.eye(n_classes)[labels]
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def planted(n: int = 400, n_classes: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true labels, given ones, and which were changed: one in ten."""
    rng = np.random.default_rng(0)
    true = rng.integers(n_classes, size=n)
    changed = np.arange(n) % 10 == 3
    given = np.where(changed, (true + rng.integers(1, n_classes, size=n)) % n_classes, true)
    return true, given, changed


def test_the_list_finds_planted_labels_better_than_each_source() -> None:
    true, given, changed = planted()
    held_out, while_training = (answers(400, true, 3, s, seed) for s, seed in ((1.5, 1), (2.0, 2)))
    pull = (1 - while_training[np.arange(400), given]) ** 2 + np.random.default_rng(3).normal(size=400) / 10
    found = label_doubts(given, {"held_out": held_out, "while_training": while_training}, pull)
    area = roc_auc_score(changed, found.score)
    assert area > 0.95
    assert all(area > roc_auc_score(changed, doubt) for doubt in found.doubts.values())
    listed = found.listed
    assert changed[listed].mean() > 0.7
    assert (found.agreement[listed] >= 2).all()
    assert len(listed) <= found.n_expected == contradicted((held_out + while_training) / 2, given).sum()
    assert (np.diff(found.score[listed]) <= 0).all()
    assert (found.suggested != given).all()
    assert (found.suggested[listed] == true[listed])[changed[listed]].mean() > 0.8


def test_votes_by_hand() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1])
    held_out = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.95, 0.05]])
    # t_0 = 0.6 and t_1 = 0.517: row 2 is confidently 1, row 5 confidently 0.
    sure_of = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.1, 0.9], [0.1, 0.9]])
    # t_0 = 0.667, t_1 = 0.9: row 2 reaches neither, row 5 was learned.
    answers = {"held_out": held_out, "while_training": sure_of}
    found = label_doubts(labels, answers, np.array([1.0, 2.0, 9.0, 3.0, 4.0, 5.0]))
    assert found.votes[:, 0].tolist() == [False, False, True, False, False, True]
    assert found.votes[:, 1].tolist() == [False] * 6
    # The mean has t_0 = 0.633 and t_1 = 0.708: it contradicts row 2 alone, so self-influence has one vote.
    assert found.votes[:, 2].tolist() == [False, False, True, False, False, False]
    assert found.listed.tolist() == [2]
    assert found.suggested.tolist() == [1, 1, 1, 0, 0, 0]
    table = found.table([f"row-{i}" for i in range(6)], list("abcdef"), ("bad", "good"))
    assert table.iloc[0][["id", "label", "suggested_label", "agreement", "text"]].tolist() == [
        "row-2",
        "bad",
        "good",
        2,
        "c",
    ]
    doubts = [normal_scores(d)[2] for d in found.doubts.values()]
    assert found.score[2] == pytest.approx(np.mean(doubts))


def test_one_source_alone_lists_nothing() -> None:
    true, given, _ = planted()
    found = label_doubts(given, {"held_out": answers(400, true, 3, 2.0, 1)}, None)
    assert found.n_expected > 20
    assert len(found.listed) == 0


def test_confident_learning_is_what_cleanlab_does() -> None:
    true, given, _ = planted()
    said = answers(400, true, 3, 2.0, 4)
    oracle = find_label_issues(given, said, filter_by="confident_learning", n_jobs=1)
    assert contradicted(said, given).tolist() == oracle.tolist()


def test_histories_are_weighed_by_the_learning_rate() -> None:
    history = RowHistory(2, 2, CLASSIFICATION)
    assert history.probabilities is None
    logits = torch.tensor([[0.0, 0.0], [0.0, np.log(3.0)]], requires_grad=True)
    inputs = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    history.add(torch.tensor([1, 0]), logits, torch.tensor([1, 1]), inputs, 0.1)
    history.add(torch.tensor([0, 7]), logits, torch.tensor([1, 0]), inputs, 0.3)  # a copy behind the rows
    # Row 0: p(1) = 3/4 at a rate of 0.1, 1/2 at 0.3. Row 1: 1/2.
    assert history.probabilities == pytest.approx(np.array([[0.4375, 0.5625], [0.5, 0.5]]))
    # ‖e‖² is 2 (1 − p)², ‖h‖² + 1 is 1 and 6 for row 0, 6 for row 1.
    expected = [0.1 * 2 / 16 * 1 + 0.3 * 0.5 * 6, 0.1 * 0.5 * 6]
    assert history.self_influence == pytest.approx(expected, rel=1e-5)
    other = RowHistory(2, 2, CLASSIFICATION)
    other.restore(history.state())
    assert other.self_influence == pytest.approx(expected, rel=1e-5)
    history.add(torch.tensor([1]), logits[:1], torch.tensor([1]), None, 0.1)
    assert history.self_influence is None
    assert history.probabilities is not None


def test_histories_of_labels_that_do_not_exclude_each_other() -> None:
    history = RowHistory(1, 2, TASKS["multilabel"])
    history.add(torch.tensor([0]), torch.zeros(1, 2), torch.tensor([[1, 0]]), None, 0.1)
    assert history.probabilities == pytest.approx(np.array([[0.5, 0.5]]))
