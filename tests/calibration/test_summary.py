"""The summary holds what the single functions say; intervals cover; a temperature helps where it should."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from whytrain.calibration.brier_parts import brier_parts
from whytrain.calibration.confidence import fit_confidence
from whytrain.calibration.risk_coverage import area_under_risk_coverage
from whytrain.calibration.score_intervals import brier_interval, nll_interval
from whytrain.calibration.smooth_ece import smooth_ece
from whytrain.calibration.summary import before_and_after, summarize_calibration
from whytrain.errors import DataError
from whytrain.metrics.calibration import (
    brier_score,
    entropy,
    expected_calibration_error,
    negative_log_likelihood,
)
from whytrain.statistics.intervals import Interval


def draw(
    generator: np.random.Generator, n_rows: int, n_classes: int = 2, sharpness: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits that are `sharpness` times what the labels were drawn from."""
    logits = 2 * generator.normal(size=(n_rows, n_classes))
    cumulative = special.softmax(logits, axis=1).cumsum(axis=1)
    return sharpness * logits, (cumulative > generator.random((n_rows, 1))).argmax(axis=1)


def test_every_figure_is_its_function() -> None:
    logits, labels = draw(np.random.default_rng(0), 200, 3)
    probabilities = special.softmax(logits, axis=1)
    summary = summarize_calibration(probabilities, labels)
    assert summary.n_rows == 200
    assert summary.accuracy.estimate == (probabilities.argmax(axis=1) == labels).mean()
    assert summary.confidence == pytest.approx(probabilities.max(axis=1).mean())
    assert summary.nll.estimate == pytest.approx(negative_log_likelihood(probabilities, labels))
    assert summary.brier.estimate == pytest.approx(brier_score(probabilities, labels))
    assert summary.brier_parts == brier_parts(probabilities, labels)
    assert summary.ece == expected_calibration_error(probabilities, labels)
    assert summary.smooth_ece == smooth_ece(probabilities, labels)
    assert summary.area_under_risk_coverage == area_under_risk_coverage(probabilities, labels)
    assert summary.entropy == pytest.approx(entropy(probabilities).mean())
    assert summary.noise_floor.mean < summary.noise_floor.percentile_95


def test_temperature_mends_overconfidence_on_unseen_rows() -> None:
    generator = np.random.default_rng(1)
    logits, labels = draw(generator, 3000, 3, sharpness=3.0)
    confidence = fit_confidence(
        logits[:1000],
        labels[:1000],
        label_smoothing=0.0,
        alpha=0.1,
        class_conditional=False,
        risk=0.1,
        delta=0.1,
    )
    before, after = before_and_after(logits[1000:], labels[1000:], confidence)
    assert before.ece > before.noise_floor.percentile_95
    assert after.ece < after.noise_floor.percentile_95
    assert after.nll.high < before.nll.low
    assert after.accuracy == before.accuracy
    assert after.brier_parts.reliability < before.brier_parts.reliability
    assert after.smooth_ece < before.smooth_ece


@pytest.mark.parametrize("interval_of", [nll_interval, brier_interval])
def test_score_intervals_cover_as_often_as_they_claim(interval_of: Callable[..., Interval]) -> None:
    generator = np.random.default_rng(2)
    logits, labels = draw(generator, 200_000)
    probabilities = special.softmax(logits, axis=1)
    truth = interval_of(probabilities, labels, n_resamples=1).estimate
    hits = 0
    for k in range(300):
        rows = generator.integers(200_000, size=150)
        hits += interval_of(probabilities[rows], labels[rows], n_resamples=400, seed=k).contains(truth)
    # Percentile intervals of a skewed mean cover 93 to 96% at n = 150; 99.9% range of a binomial around them.
    assert stats.binom.ppf(0.001, 300, 0.93) <= hits <= stats.binom.ppf(0.999, 300, 0.96)


def test_one_row_has_no_interval() -> None:
    found = nll_interval([[0.5, 0.5]], [0])
    assert (found.estimate, found.low, found.high) == (pytest.approx(np.log(2)), -np.inf, np.inf)
    with pytest.raises(DataError):
        nll_interval(np.empty((0, 2)), [])
