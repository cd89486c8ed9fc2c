"""Texts explained in other processes: every batch once, and a process that dies is told in a line."""

from __future__ import annotations

import os

import pytest
from upper_case import make_upper

from whytrain.attribution.processes import on_processes, on_ray
from whytrain.errors import WhytrainError

BATCHES = [["a", "b"], ["c"], ["d", "e"], ["f"], ["g"]]


def test_every_batch_is_explained_once_in_another_process() -> None:
    found = dict(on_processes(make_upper, 1)(iter(BATCHES)))
    assert {number: [row["text"] for row in rows] for number, rows in found.items()} == {
        number: [text.upper() for text in batch] for number, batch in enumerate(BATCHES)
    }
    assert os.getpid() not in {row["process"] for rows in found.values() for row in rows}


def test_a_process_that_is_killed_is_told() -> None:
    with pytest.raises(WhytrainError, match="the same command goes on"):
        [*on_processes(make_upper, 1)(iter([["a"], ["die"]]))]


def test_ray_explains_every_batch_once() -> None:
    found = dict(on_ray(make_upper, None, 2)(iter(BATCHES)))
    assert [[row["text"] for row in found[number]] for number in range(5)] == [
        [text.upper() for text in batch] for batch in BATCHES
    ]
