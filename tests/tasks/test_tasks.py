"""What labels mean: reading, encoding, showing and parsing, losses against torch's own, decisions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from whytrain.tasks import CLASSIFICATION, TASKS, MultiLabel

NAMES = ("art", "law", "tax")
SPLIT = MultiLabel(separator=";")


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("tax; law", ("tax", "law")),
        ("tax;tax;;", ("tax",)),
        ("", ()),
        (None, ()),
        (float("nan"), ()),
        (["law", 3.0, None], ("law", "3")),
        ([], ()),
    ],
)
def test_label_sets_are_read_from_strings_and_lists(value: object, names: tuple[str, ...]) -> None:
    assert SPLIT.read(value) == names


def test_without_a_separator_a_string_is_one_label() -> None:
    assert MultiLabel(separator=None).read("tax, law") == ("tax, law",)


@pytest.mark.parametrize("value", [{"tax": 1}, [["tax"]], "a|b;c"])
def test_what_is_no_label_set_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="label"):
        MultiLabel(separator="|").read(value)


@pytest.mark.parametrize("value", ["", None, ["tax"], {"tax": 1}])
def test_a_classification_has_exactly_one_name(value: object) -> None:
    with pytest.raises(ValueError, match="label"):
        CLASSIFICATION.read(value)
    assert CLASSIFICATION.read(1.0) == ("1",)


def test_labels_survive_tables_and_another_order_of_names() -> None:
    labels = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]])
    shown = SPLIT.show(labels, NAMES)
    assert shown == ["art;tax", "", "law"]
    np.testing.assert_array_equal(SPLIT.parse(shown, NAMES), labels)
    np.testing.assert_array_equal(SPLIT.parse(shown, NAMES[::-1]), labels[:, ::-1])
    assert CLASSIFICATION.parse(CLASSIFICATION.show(np.array([2, 0]), NAMES), NAMES[::-1]).tolist() == [0, 2]
    with pytest.raises(ValueError, match="sport"):
        SPLIT.parse(["art;sport"], NAMES)


def test_the_loss_of_a_label_is_that_of_two_classes() -> None:
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 0]])
    for smoothing in (0.0, 0.2):
        # Yes and no as two classes with the logits z and 0, whose cross-entropy torch smooths itself.
        as_classes = torch.stack([torch.zeros_like(logits), logits], dim=-1).reshape(-1, 2)
        each = functional.cross_entropy(
            as_classes, labels.reshape(-1), label_smoothing=smoothing, reduction="none"
        )
        # float32 sums of three terms: a few units in the last place.
        torch.testing.assert_close(SPLIT.loss(logits, labels, smoothing), each.reshape(5, 3).mean(dim=1))


def test_the_loss_of_a_class_is_cross_entropy_to_the_bit() -> None:
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 2, 1, 1, 0])
    ours = CLASSIFICATION.loss(logits, labels, 0.1)
    expected = functional.cross_entropy(logits, labels, label_smoothing=0.1, reduction="none")
    assert torch.equal(ours, expected)
    assert CLASSIFICATION.right(logits, logits.argmax(dim=1)).all()


def test_a_label_is_decided_by_its_own_sign() -> None:
    logits = np.array([[2.0, 3.0, -1.0], [-1.0, -2.0, -3.0]])
    decided = SPLIT.decisions(SPLIT.probabilities(logits))
    assert decided.tolist() == [[1, 1, 0], [0, 0, 0]]
    right = SPLIT.right(torch.from_numpy(logits), torch.tensor([[1, 1, 0], [0, 0, 1]]))
    assert right.tolist() == [True, False]
    assert CLASSIFICATION.decisions(CLASSIFICATION.probabilities(logits)).tolist() == [1, 0]


def test_explanations_ask_about_the_first_gold_label() -> None:
    assert SPLIT.asked(np.array([0, 1, 1])) == 1
    assert SPLIT.asked(np.array([0, 0, 0])) is None
    assert CLASSIFICATION.asked(np.int64(2)) == 2


def test_every_task_is_found_by_its_name() -> None:
    assert {name: task.name for name, task in TASKS.items()} == {name: name for name in TASKS}
