"""Rows of two runs are matched by id, and mismatches are told apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from whytrain.errors import DataError
from whytrain.statistics.pairing import align_rows


@settings(deadline=None)
@given(st.permutations(range(12)), st.permutations(range(12)))
def test_any_order_is_matched(order_a: list[int], order_b: list[int]) -> None:
    labels = np.array([0, 1] * 6)
    a, b = np.array(order_a), np.array(order_b)
    matched = align_rows(a, labels[a], b, labels[b])
    np.testing.assert_array_equal(b[matched], a)


def test_ids_may_be_text() -> None:
    assert align_rows(["dev-2", "dev-10"], [0, 1], ["dev-10", "dev-2"], [1, 0]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["x", "x"], [0, 0], ["x", "y"], [0, 0]), "run A must be unique, got x"),
        ((["x", "y"], [0, 0], ["y", "y"], [0, 0]), "run B must be unique, got y"),
        ((["x", "y"], [0, 0], ["x", "z"], [0, 0]), "A has 2, B has 2, they share 1"),
        ((["x", "y"], [0, 0], ["x"], [0]), "A has 2, B has 1, they share 1"),
        ((["x", "y"], [0], ["x", "y"], [0, 1]), "one label per row id in run A"),
        ((["x", "y", "z"], [0, 1, 0], ["x", "y", "z"], [1, 0, 1]), "classes in a different order"),
        ((["x", "y", "z"], [0, 1, 0], ["x", "y", "z"], [0, 1, 1]), "1 of 3 rows differ, first row z"),
    ],
)
def test_mismatches_say_what_came(arguments: tuple[ArrayLike, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        align_rows(*arguments)
