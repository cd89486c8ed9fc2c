"""One slice for temperature and sets: who sees what, and the guarantee that follows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from whytrain.calibration.calibrate import calibrate, split_slice
from whytrain.calibration.conformal import coverage_range, prediction_sets
from whytrain.calibration.temperature import fit_temperature
from whytrain.errors import DataError


def draw(
    generator: np.random.Generator, n_rows: int, n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Overconfident logits: labels come from half of them."""
    logits = 4 * generator.normal(size=(n_rows, n_classes))
    p = special.softmax(logits / 2, axis=1)
    return logits, (p.cumsum(axis=1) > generator.random((n_rows, 1))).argmax(axis=1)


def test_more_than_two_classes_split_the_slice() -> None:
    logits, labels = draw(np.random.default_rng(0), 301, 3)
    result = calibrate(logits, labels, seed=4)
    fitted, held_out = result.correction_rows, result.conformal_rows
    assert np.intersect1d(fitted, held_out).size == 0
    assert np.union1d(fitted, held_out).tolist() == list(range(301))
    assert (fitted.size, held_out.size) == (150, 151)
    assert result.correction.temperature == fit_temperature(logits[fitted], labels[fitted]).temperature
    assert result.conformal.n_rows.tolist() == [151] * 3
    again = calibrate(logits, labels, seed=5)
    assert (again.correction_rows != fitted).any()


def test_two_classes_use_it_all_twice() -> None:
    logits, labels = draw(np.random.default_rng(0), 200, 2)
    result = calibrate(logits, labels)
    assert result.correction_rows.size == result.conformal_rows.size == 200
    assert result.correction.temperature == fit_temperature(logits, labels).temperature
    assert result.correction.temperature > 1.2


@pytest.mark.parametrize(("n_classes", "n_rows"), [(2, 60), (3, 80)])
def test_coverage_holds_through_the_whole_chain(n_classes: int, n_rows: int) -> None:
    generator = np.random.default_rng(1)
    expected = coverage_range(n_rows if n_classes == 2 else n_rows // 2, 100, 0.2)
    inside = 0
    for k in range(200):
        logits, labels = draw(generator, n_rows + 100, n_classes)
        result = calibrate(logits[:n_rows], labels[:n_rows], alpha=0.2, seed=k)
        sets = prediction_sets(result.correction.probabilities(logits[n_rows:]), result.conformal)
        share = sets[np.arange(100), labels[n_rows:]].mean()
        inside += expected.contains(share)
    assert inside >= stats.binom.ppf(0.001, 200, 0.95)


def test_class_conditional() -> None:
    logits, labels = draw(np.random.default_rng(2), 400, 3)
    result = calibrate(logits, labels, class_conditional=True)
    assert result.conformal.n_rows.sum() == 200
    assert np.unique(result.conformal.thresholds).size == 3


def test_split_slice() -> None:
    first, second = split_slice(11, seed=1)
    assert (first.size, second.size) == (5, 6)
    assert sorted([*first, *second]) == list(range(11))
    with pytest.raises(DataError, match="at least 2 rows, got 1"):
        split_slice(1)
