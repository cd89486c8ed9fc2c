"""Which training sentences surrogates learn from."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.errors import DataError
from whytrain.surrogates.sampling import balanced_rows

NAMES = ["a", "b", "c"]
LABELS = np.repeat([0, 1, 2], [700, 200, 20])


def test_classes_are_equally_many_as_long_as_they_last() -> None:
    rows = balanced_rows(LABELS, NAMES, 300, seed=0)
    assert len(set(rows.tolist())) == 300
    counts = np.bincount(LABELS[rows])
    assert counts[2] == 20  # all there are
    assert counts.tolist() == [140, 140, 20]
    assert len(balanced_rows(LABELS, NAMES, 5000, seed=0)) == 920


def test_the_first_rows_are_a_smaller_balanced_sample() -> None:
    rows = balanced_rows(LABELS, NAMES, 300, seed=3)
    for n in (3, 30, 60):
        assert np.bincount(LABELS[rows[:n]]).tolist() == [n // 3] * 3
        np.testing.assert_array_equal(balanced_rows(LABELS, NAMES, n, seed=3), rows[:n])


def test_the_seed_decides_and_the_global_generator_stays() -> None:
    before = np.random.get_state()[1].copy()
    same = [balanced_rows(LABELS, NAMES, 50, seed=1) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    assert set(same[0]) != set(balanced_rows(LABELS, NAMES, 50, seed=2))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_a_missing_class_is_named() -> None:
    with pytest.raises(DataError, match=r"there are none of b, c"):
        balanced_rows(np.zeros(5, dtype=np.int64), NAMES, 4, seed=0)
