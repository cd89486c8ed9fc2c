"""Groups of sentences: negation, ranges, categories."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whytrain.calibration.slice_columns import group_names, is_negated, number_ranges
from whytrain.errors import DataError


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("it is n't good", True),
        ("It isn't good", True),
        ("it isn’t good", True),
        ("NOT good", True),
        ("no , thanks", True),
        ("a notable know-how", False),
        ("nothing", True),
        ("knot another", False),
        ("", False),
    ],
)
def test_english_negation(text: str, negated: bool) -> None:
    assert is_negated([text]).tolist() == ["yes" if negated else "no"]


def test_other_languages() -> None:
    german = ("nicht", "kein", "keine")
    assert is_negated(["das ist nicht gut", "nichtig", "not good"], german).tolist() == ["yes", "no", "no"]
    assert is_negated(["这部电影不好看", "很好看"], ("不", "没")).tolist() == ["yes", "no"]
    assert is_negated(["anything"], ()).tolist() == ["no"]


def test_ranges_hold_equally_many_rows() -> None:
    names = number_ranges(np.random.default_rng(0).permutation(100))
    values, counts = np.unique(names, return_counts=True)
    assert sorted(values) == ["0 to 24", "25 to 49", "50 to 74", "75 to 99"]
    assert counts.tolist() == [25] * 4


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(1, 6))
def test_ranges_are_ordered_and_do_not_overlap(values: list[int], n_ranges: int) -> None:
    names = number_ranges(values, n_ranges)
    ends = {}
    for name, value in zip(names, values, strict=True):
        ends.setdefault(str(name), []).append(value)
    spans = sorted((min(members), max(members)) for members in ends.values())
    assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))
    assert len(spans) <= n_ranges


def test_missing_numbers() -> None:
    assert number_ranges([1.0, np.nan, 1.0]).tolist() == ["1", "missing", "1"]
    assert number_ranges([np.nan, np.nan]).tolist() == ["missing", "missing"]


def test_a_users_column() -> None:
    assert group_names("genre", ["drama", None, "horror"]).tolist() == ["drama", "missing", "horror"]
    assert group_names("year", [1999, 2001, 1999]).tolist() == ["1999", "2001", "1999"]
    assert group_names("flag", [True, False]).tolist() == ["True", "False"]
    assert group_names("score", [0.5, float("nan")]).tolist() == ["0.5", "missing"]
    assert np.unique(group_names("length", np.arange(100))).size == 4
    with pytest.raises(DataError, match=r"'id' has 21 different values, at most 20"):
        group_names("id", [f"row-{i}" for i in range(21)])
    with pytest.raises(DataError, match=r"'genre' with one value per row, got shape \(1, 2\)"):
        group_names("genre", [["a", "b"]])
