"""What holds after remarks: later ones over earlier ones, kin in one mark."""

from __future__ import annotations

from typing import Any

import pytest

from whytrain.runs.remarks import Remark, opinion_of
from whytrain.shortcuts.marks import Mark


def remark(action: Any, *words: str, **others: Any) -> Remark:
    return Remark(time="2026-01-01T00:00:00+00:00", by="Ada", action=action, model="m", words=words, **others)


def test_kin_share_a_mark_and_leave_it_one_by_one() -> None:
    said = [remark("no_reason", "the", comment="an article"), remark("no_reason", "a", joined=("the",))]
    assert opinion_of(said).marks == (Mark(words=("the", "a"), reason="an article", by="Ada"),)
    said.append(remark("withdraw", "the"))
    assert [mark.words for mark in opinion_of(said).marks] == [("a",)]
    said.append(remark("withdraw", "a"))
    assert opinion_of(said).marks == ()


def test_a_mark_joins_all_its_kin() -> None:
    said = [remark("no_reason", "he"), remark("no_reason", "him")]
    assert [mark.words for mark in opinion_of(said).marks] == [("he",), ("him",)]
    said.append(remark("no_reason", "she", joined=("he", "him")))
    assert [mark.words for mark in opinion_of(said).marks] == [("he", "him", "she")]


def test_fine_and_no_reason_exclude_each_other() -> None:
    said = [remark("fine", "film"), remark("no_reason", "film")]
    opinion = opinion_of(said)
    assert opinion.of("words", ["film"]) == "no_reason"
    assert opinion.fine == frozenset()
    opinion = opinion_of([*said, remark("fine", "film")])
    assert opinion.of("words", ["film"]) == "fine"
    assert opinion.marks == ()


def test_a_word_of_a_mark_is_not_fine_too() -> None:
    opinion = opinion_of([remark("fine", "the"), remark("no_reason", "the", "film")])
    assert opinion.of("words", ["the"]) == "no_reason"
    opinion = opinion_of([remark("fine", "the", "a"), remark("no_reason", "a")])
    assert opinion.of("words", ["the", "a"]) == ""


def test_kinds_are_apart() -> None:
    said = [remark("no_reason", "not", "bad", kind="pair"), remark("no_reason", "not")]
    opinion = opinion_of([*said, remark("withdraw", "not")])
    assert [(mark.kind, mark.words) for mark in opinion.marks] == [("pair", ("not", "bad"))]
    assert opinion.of("words", ["not"]) == ""
    assert opinion.of("pair", ["not", "bad"]) == "no_reason"


def test_marks_that_a_run_was_trained_with_hold_until_they_are_taken_back() -> None:
    before = [Mark(words=("the", "a"), by="Eve")]
    assert opinion_of([], before).marks == tuple(before)
    assert opinion_of([remark("withdraw", "the", "a")], before).marks == ()


def test_labels_are_corrected_and_taken_back() -> None:
    said = [remark("label", row="7", label="bad"), remark("label", row="8", label="good")]
    said += [remark("label", row="7", label="good"), remark("withdraw", row="8")]
    assert opinion_of(said).labels == {"7": "good"}


@pytest.mark.parametrize("n", [1, 3])
def test_runs_that_followed_are_counted(n: int) -> None:
    said = [remark("trained", label=f"first-{k}") for k in range(n)]
    assert opinion_of(said).trained == tuple(f"first-{k}" for k in range(n))
