"""Metrics against hand values, torchmetrics, scikit-learn and netcal, with their edge cases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn import metrics as sk
from torchmetrics.classification import MulticlassCalibrationError

from whytrain.errors import ConfigError, DataError
from whytrain.metrics.calibration import (
    bin_index,
    brier_per_row,
    brier_score,
    entropy,
    expected_calibration_error,
    negative_log_likelihood,
    nll_per_row,
    reliability_bins,
    top_label,
)

LABELS_AND_PROBABILITIES = (
    expected_calibration_error,
    brier_score,
    negative_log_likelihood,
    reliability_bins,
)


def sample(n_rows: int, n_classes: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(n_classes, 0.5), size=n_rows)
    return probabilities, generator.integers(n_classes, size=n_rows)


def binary(p: ArrayLike) -> NDArray[np.float64]:
    """Two columns from the probability of class 1."""
    return np.stack([1 - np.asarray(p), np.asarray(p)], axis=-1)


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("n_bins", [1, 10, 15])
def test_ece_equals_torchmetrics(n_classes: int, n_bins: int) -> None:
    probabilities, labels = sample(500, n_classes)
    ours = expected_calibration_error(probabilities, labels, n_bins)
    metric = MulticlassCalibrationError(n_classes, n_bins=n_bins, norm="l1")
    theirs = float(metric(torch.tensor(probabilities), torch.tensor(labels)))
    assert ours == pytest.approx(theirs, abs=1e-6)  # torchmetrics works in float32


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_proper_scores_equal_scikit_learn(n_classes: int) -> None:
    probabilities, labels = sample(200, n_classes)
    classes = np.arange(n_classes)
    assert negative_log_likelihood(probabilities, labels) == pytest.approx(
        sk.log_loss(labels, probabilities, labels=classes),
        rel=1e-12,  # rounding only
    )
    one_hot = labels[:, None] == classes
    columns = [sk.brier_score_loss(one_hot[:, c], probabilities[:, c]) for c in classes]
    assert brier_score(probabilities, labels) == pytest.approx(sum(columns), rel=1e-12)
    np.testing.assert_allclose(entropy(probabilities), stats.entropy(probabilities, axis=1), rtol=1e-12)


def test_ece_by_hand() -> None:
    # Two bins. (0, 0.5]: one row, confidence 0.5, wrong. (0.5, 1]: 0.6 right, 0.8 wrong, 1.0 right.
    probabilities = binary([0.5, 0.6, 0.8, 1.0])
    labels = [1, 1, 0, 1]  # a tie predicts the first class, so the first row is wrong
    gaps = (abs(0 - 0.5) * 1 + abs(2 / 3 - 0.8) * 3) / 4
    assert expected_calibration_error(probabilities, labels, n_bins=2) == pytest.approx(gaps)
    bins = reliability_bins(probabilities, labels, n_bins=2)
    assert bins.counts.tolist() == [1, 3]
    np.testing.assert_allclose(bins.confidence, [0.5, 0.8])
    np.testing.assert_allclose(bins.accuracy, [0, 2 / 3])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bins_are_closed_on_the_right(dtype: type[np.floating]) -> None:
    n_bins = 15
    edges = np.array([i / n_bins for i in range(n_bins + 1)], dtype=dtype)
    # An edge belongs to the bin below it, whatever its precision; 0 joins the first bin, 1 the last.
    assert bin_index(edges, n_bins).tolist() == [0, *range(n_bins)]
    above = np.nextafter(edges[:-1], dtype(1))
    assert bin_index(above, n_bins).tolist() == list(range(n_bins))


def test_a_confidence_of_exactly_1_is_in_the_last_bin() -> None:
    bins = reliability_bins(binary([1.0, 1.0, 0.97]), [1, 0, 1], n_bins=10)
    assert bins.counts.tolist() == [0] * 9 + [3]
    # One bin: |2/3 - 0.99|. An extra bin for 1.0 would give (2·0.5 + 0.03) / 3 instead.
    assert expected_calibration_error(binary([1.0, 1.0, 0.97]), [1, 0, 1], 10) == pytest.approx(0.99 - 2 / 3)


def test_empty_bins_count_nothing() -> None:
    bins = reliability_bins(binary([0.9]), [1], n_bins=5)
    assert np.isnan(bins.confidence[:4]).all()
    assert np.isnan(bins.accuracy[:4]).all()
    assert expected_calibration_error(binary([0.9]), [1], n_bins=5) == pytest.approx(0.1)


def test_one_sample() -> None:
    assert expected_calibration_error(binary([0.7]), [0]) == pytest.approx(0.7)
    assert brier_score(binary([0.7]), [0]) == pytest.approx(2 * 0.49)
    assert negative_log_likelihood(binary([0.7]), [0]) == pytest.approx(-np.log(0.3))


def test_only_one_class_present() -> None:
    probabilities = binary([0.9, 0.8, 0.4])
    assert expected_calibration_error(probabilities, [1, 1, 1], 1) == pytest.approx(abs(2 / 3 - 2.3 / 3))
    assert negative_log_likelihood(probabilities, [1, 1, 1]) == pytest.approx(-np.log(0.9 * 0.8 * 0.4) / 3)


def test_certain_predictions() -> None:
    sure = binary([0.0, 1.0])
    assert expected_calibration_error(sure, [0, 1]) == brier_score(sure, [0, 1]) == 0.0
    assert negative_log_likelihood(sure, [0, 1]) == 0.0
    assert expected_calibration_error(sure, [1, 0]) == 1.0
    assert brier_score(sure, [1, 0]) == 2.0
    # Probability 0 counts as machine epsilon, as in scikit-learn: finite, and worse than anything else.
    assert negative_log_likelihood(sure, [1, 0]) == pytest.approx(36.0437, abs=1e-4)
    assert negative_log_likelihood(sure, [1, 0]) == pytest.approx(sk.log_loss([1, 0], sure), rel=1e-9)
    assert entropy(sure).tolist() == [0.0, 0.0]


def test_bins_add_up_to_the_error() -> None:
    probabilities, labels = sample(300, 4)
    bins = reliability_bins(probabilities, labels)
    filled = bins.counts > 0
    gaps = np.abs(bins.accuracy - bins.confidence)[filled]
    assert (gaps * bins.counts[filled]).sum() / 300 == pytest.approx(
        expected_calibration_error(probabilities, labels)
    )
    np.testing.assert_array_equal(bins.edges, np.arange(16) / 15)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(2, 5), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_properties(n_rows: int, n_classes: int, n_bins: int, seed: int) -> None:
    probabilities, labels = sample(n_rows, n_classes, seed)
    error = expected_calibration_error(probabilities, labels, n_bins)
    confidence, correct = top_label(probabilities, labels)
    # Bins can only add to the gap of one bin, and never exceed the mean gap of single rows.
    assert abs(correct.mean() - confidence.mean()) - 1e-12 <= error
    assert error <= np.abs(correct - confidence).mean() + 1e-12
    order = np.random.default_rng(seed).permutation(n_rows)
    for metric in (expected_calibration_error, brier_score, negative_log_likelihood):
        shuffled = metric(probabilities[order], labels[order])
        assert shuffled == pytest.approx(metric(probabilities, labels), abs=1e-12)  # another order of sums
    assert (brier_per_row(probabilities, labels) >= 0).all()
    assert (brier_per_row(probabilities, labels) <= 2).all()
    assert (nll_per_row(probabilities, labels) >= 0).all()
    assert (entropy(probabilities) <= np.log(n_classes) + 1e-12).all()


def test_single_precision_and_lists_are_taken() -> None:
    probabilities, labels = sample(100, 3)
    for metric in (expected_calibration_error, brier_score, negative_log_likelihood):
        single = metric(probabilities.astype(np.float32), labels.astype(np.uint8))
        assert single == pytest.approx(metric(probabilities.tolist(), labels.tolist()), abs=1e-5)


@pytest.mark.parametrize("metric", LABELS_AND_PROBABILITIES)
@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([[0.5, 0.4]], [0], r"sum to 1 in each row, got 0\.9 in row 0"),
        ([[0.5, 0.5], [0.7, 0.7]], [0, 1], "got 1.4 in row 1"),
        ([[1.5, -0.5]], [0], r"in \[0, 1\], got values from -0.5 to 1.5; apply softmax"),
        ([[np.nan, 1.0]], [0], r"in \[0, 1\]"),
        ([0.2, 0.8], [0, 1], "give both columns"),
        (np.empty((0, 2)), [], r"got \(0, 2\)"),
        ([[1.0]], [0], r"n_classes >= 2"),
        ([[0.5, 0.5]], [2], r"labels in 0\.\.1.*got 2\.\.2"),
        ([[0.5, 0.5]], [-1], r"labels in 0\.\.1"),
        ([[0.5, 0.5]], [0.0], "class indices"),
        ([[0.5, 0.5]], [0, 1], r"one label per row, shape \(1,\), got shape \(2,\)"),
    ],
)
def test_bad_input_is_named(
    metric: Callable[..., object], probabilities: ArrayLike, labels: ArrayLike, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        metric(probabilities, labels)


def test_at_least_one_bin() -> None:
    with pytest.raises(ConfigError, match="n_bins=0"):
        expected_calibration_error(binary([0.7]), [0], n_bins=0)
