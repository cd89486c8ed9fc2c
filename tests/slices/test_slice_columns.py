"""Groups of sentences: negation, ranges, categories."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whytrain.errors import DataError
from whytrain.slices.slice_columns import group_names, is_negated, number_ranges, with_groups


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
    assert (
        number_ranges([-1 / 11, 1 / 7, 1 / 3, 1.0], 2).tolist()
        == ["-0.0909 to 0.143"] * 2 + ["0.333 to 1"] * 2
    )
    assert number_ranges([0.12341, 0.12342], 2).tolist() == ["0.12341", "0.12342"]  # told apart
    spans = set(number_ranges([99.96, 99.97, 150.6, 151.4, 0.5, 12.34, 700.2, 712.9]).tolist())
    assert spans == {"0.5 to 12.34", "99.96 to 99.97", "150.6 to 151.4", "700.2 to 712.9"}
    assert number_ranges([1.0, np.nan, 1.0]).tolist() == ["1", "missing", "1"]
    assert number_ranges([np.nan, np.nan]).tolist() == ["missing", "missing"]


def test_a_users_column() -> None:
    assert group_names("genre", ["drama", None, "horror"]).tolist() == ["drama", "missing", "horror"]
    assert group_names("year", [1999, 2001, 1999]).tolist() == ["1999", "2001", "1999"]
    assert group_names("flag", [True, False]).tolist() == ["True", "False"]
    assert group_names("score", [0.5, float("nan")]).tolist() == ["0.5", "missing"]
    assert np.unique(group_names("length", np.arange(100))).size == 4
    assert group_names("note", ["", " ", "so"]).tolist() == ["missing", "missing", "so"]
    with pytest.raises(DataError, match=r"'id' has 21 different values, at most 20"):
        group_names("id", [f"row-{i}" for i in range(21)])
    with pytest.raises(DataError, match=r"'genre' with one value per row, got shape \(1, 2\)"):
        group_names("genre", [["a", "b"]])


def test_numbers_that_are_written_as_text_or_partly_missing_are_ranges() -> None:
    numbers = np.random.default_rng(0).normal(size=60).round(3)
    expected = group_names("stars", numbers)
    assert np.unique(expected).size == 4
    assert group_names("stars", [str(n) for n in numbers]).tolist() == expected.tolist()
    with_gaps = [None if i % 10 == 0 else n for i, n in enumerate(numbers.tolist())]
    as_text = ["" if n is None else str(n) for n in with_gaps]
    assert (group_names("stars", with_gaps) == "missing").sum() == 6
    assert group_names("stars", as_text).tolist() == group_names("stars", with_gaps).tolist()


def test_ranges_of_numbers_with_many_digits_have_names_of_their_own() -> None:
    names = number_ranges(1_700_000_000 + np.arange(40))
    assert sorted(np.unique(names, return_counts=True)[1]) == [10] * 4
    assert names[0] == "1700000000 to 1700000009"


def test_ids_and_free_text_have_no_groups() -> None:
    columns = {
        "id": [f"row {i}" for i in range(50)],
        "source": ["web", None] * 25,
        "tags": [["a", "b"]] * 50,
        "year": [str(1990 + i) for i in range(50)],
    }
    grouped, others = with_groups(columns)
    assert list(grouped) == ["source", "year"]
    assert others == ("id", "tags")
    assert np.unique(grouped["year"]).size == 4
