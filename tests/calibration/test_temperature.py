"""Temperature scaling against closed forms, another optimizer and simulated calibrated models."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from whytrain.calibration.temperature import apply_temperature, fit_temperature
from whytrain.errors import ConfigError, DataError


def calibrated(
    n_rows: int, n_classes: int, seed: int = 0, scale: float = 2.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits and labels drawn from their own softmax."""
    generator = np.random.default_rng(seed)
    logits = scale * generator.normal(size=(n_rows, n_classes))
    labels = (special.softmax(logits, axis=1).cumsum(axis=1) > generator.random((n_rows, 1))).argmax(axis=1)
    return logits, labels


@pytest.mark.parametrize("n_classes", [2, 5])
def test_an_already_calibrated_model_keeps_its_temperature(n_classes: int) -> None:
    logits, labels = calibrated(20_000, n_classes)
    fit = fit_temperature(logits, labels)
    # Standard error of 1/T from the information: mean over rows of the variance of the logits under p.
    p = special.softmax(logits, axis=1)
    variance = (p * logits**2).sum(axis=1) - (p * logits).sum(axis=1) ** 2
    assert fit.temperature == pytest.approx(1, abs=4 / math.sqrt(variance.sum()))
    assert fit.determined


@settings(deadline=None, max_examples=25)
@given(st.floats(0.01, 100), st.integers(0, 1000))
def test_the_temperature_undoes_a_scale(scale: float, seed: int) -> None:
    logits, labels = calibrated(200, 3, seed)
    plain, scaled = fit_temperature(logits, labels), fit_temperature(scale * logits, labels)
    # L-BFGS stops within 1e-6 of the optimum from either start.
    assert scaled.temperature == pytest.approx(scale * plain.temperature, rel=1e-5)
    assert scaled.nll_after == pytest.approx(plain.nll_after, rel=1e-9)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_equals_a_bracketing_search(n_classes: int) -> None:
    logits, labels = calibrated(500, n_classes, seed=3)
    logits *= 1.7
    fit = fit_temperature(logits, labels)

    def loss(temperature: float) -> float:
        return -special.log_softmax(logits / temperature, axis=1)[np.arange(500), labels].mean()

    golden = optimize.minimize_scalar(loss, bounds=(0.1, 10), method="bounded", options={"xatol": 1e-10})
    # A bracketing search resolves a minimum to the square root of machine epsilon.
    assert fit.temperature == pytest.approx(golden.x, rel=1e-6)
    assert fit.nll_after == pytest.approx(golden.fun, rel=1e-12)
    assert fit.nll_before == pytest.approx(loss(1.0), rel=1e-12)


@pytest.mark.parametrize(("right", "wrong"), [(3, 1), (9, 1), (6, 5)])
def test_by_hand(right: int, wrong: int) -> None:
    # All rows claim the same odds exp(4): the best temperature makes them right / wrong.
    logits = np.tile([0.0, 4.0], (right + wrong, 1))
    labels = [1] * right + [0] * wrong
    fit = fit_temperature(logits, labels)
    assert fit.temperature == pytest.approx(4 / math.log(right / wrong), rel=1e-6)
    share = right / (right + wrong)
    assert fit.nll_after == pytest.approx(-share * math.log(share) - (1 - share) * math.log(1 - share))


def test_it_never_makes_the_slice_worse_and_keeps_every_prediction() -> None:
    logits, labels = calibrated(300, 4, seed=5)
    fit = fit_temperature(3 * logits, labels)
    assert fit.nll_after < fit.nll_before
    assert fit.temperature > 1
    probabilities = apply_temperature(3 * logits, fit.temperature)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), logits.argmax(axis=1))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        ([[0.0, 2.0], [1.0, 0.0], [0.0, 3.0]], [1, 0, 1]),  # no error: T = 0 would be best
        ([[0.0, 2.0], [1.0, 0.0], [0.0, 3.0]], [0, 1, 0]),  # all wrong: infinity would be
        ([[0.0, 2.0], [2.0, 0.0]], [1, 1]),  # half right at equal odds: infinity again
        ([[3.0, 3.0], [3.0, 3.0]], [0, 1]),  # no preference: every temperature is the same
    ],
)
def test_where_no_temperature_is_best_it_stays_at_1(logits: ArrayLike, labels: ArrayLike) -> None:
    fit = fit_temperature(logits, labels)
    assert (fit.temperature, fit.determined) == (1.0, False)
    assert fit.nll_before == fit.nll_after


def test_one_error_determines_it() -> None:
    logits = np.tile([0.0, 1.0], (1000, 1))
    fit = fit_temperature(logits, [0] + [1] * 999)
    assert fit.determined
    assert fit.temperature == pytest.approx(1 / math.log(999), rel=1e-6)


def test_apply_is_stable_for_huge_logits() -> None:
    np.testing.assert_allclose(apply_temperature([[1e5, 0.0]], 1e5), [[0.731059, 0.268941]], atol=1e-6)
    np.testing.assert_allclose(apply_temperature([[800.0, 0.0]], 1.0), [[1.0, 0.0]], atol=1e-300)


def test_bad_input() -> None:
    with pytest.raises(DataError, match="give both columns, 0 and z"):
        fit_temperature([0.3, 0.2], [0, 1])
    with pytest.raises(DataError, match="finite logits"):
        fit_temperature([[np.nan, 0.0]], [0])
    with pytest.raises(DataError, match="one label per row"):
        fit_temperature([[1.0, 0.0]], [0, 1])
    for temperature in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ConfigError, match="temperature above 0"):
            apply_temperature([[1.0, 0.0]], temperature)
