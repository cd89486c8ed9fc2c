"""Coverage and sizes of prediction sets, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from whytrain.calibration.set_summary import summarize_sets
from whytrain.errors import DataError
from whytrain.statistics.intervals import wilson_interval


def test_by_hand() -> None:
    sets = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)
    summary = summarize_sets(sets, [0, 2, 1, 0, 1], level=0.9)
    assert summary.coverage == wilson_interval(3, 5, 0.9)
    assert summary.coverage_per_class[0] == wilson_interval(2, 2, 0.9)
    assert summary.coverage_per_class[1] == wilson_interval(1, 2, 0.9)
    assert summary.coverage_per_class[2] == wilson_interval(0, 1, 0.9)
    assert summary.mean_size == pytest.approx(7 / 5)
    assert summary.size_counts.tolist() == [1, 2, 1, 1]
    assert (summary.singleton, summary.ambiguous, summary.empty) == (0.4, 0.4, 0.2)


def test_a_class_without_rows_has_no_coverage() -> None:
    assert summarize_sets(np.ones((2, 3), dtype=bool), [0, 2]).coverage_per_class[1] is None


@pytest.mark.parametrize("sets", [np.ones((2, 2)), np.ones(2, dtype=bool), np.empty((0, 2), dtype=bool)])
def test_sets_are_boolean_tables(sets: NDArray[np.generic]) -> None:
    with pytest.raises(DataError, match="sets as bool"):
        summarize_sets(sets, [0, 1])
