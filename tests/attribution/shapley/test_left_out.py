"""Regressions that leave groups out, against regressions that are fitted without them."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.attribution.shapley import left_out
from whytrain.attribution.shapley.left_out import leave_groups_out

GROUPS, SIZE = 5, 4
NONE = np.empty((40, 0))


@pytest.mark.parametrize("n_features", [0, 3, 12, 60])
def test_each_fit_is_the_ridge_regression_without_its_group(
    n_features: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(n_features)
    n_rows = GROUPS * SIZE + 1  # the last row is never left out
    x, y, weights = (
        rng.normal(size=(n_rows, n_features)),
        rng.normal(size=n_rows),
        rng.uniform(0.5, 2, n_rows),
    )
    free = rng.normal(size=(n_rows, 2))
    monkeypatch.setattr(left_out, "_PENALTIES", np.array([0.1]))
    found = leave_groups_out(free, x, y, weights, GROUPS)
    root = np.sqrt(weights)[:, None]
    basis = np.linalg.qr(free * root)[0]
    left = x * root - basis @ (basis.T @ (x * root))
    penalty = 0.1 * (left**2).sum() / max(min(left.shape), 1) * np.r_[0, 0, np.ones(n_features)]
    scaled, aimed = np.hstack([free, x]) * root, y * root[:, 0]
    for group in range(GROUPS):
        rows = np.r_[0 : group * SIZE, (group + 1) * SIZE : n_rows]
        gram = scaled[rows].T @ scaled[rows] + np.diag(penalty)
        expected = np.linalg.solve(gram, scaled[rows].T @ aimed[rows])
        own = slice(group * SIZE, (group + 1) * SIZE)
        # The same numbers by another way: rounding alone tells them apart.
        np.testing.assert_allclose(found.coefficients[group], expected, atol=1e-10)
        np.testing.assert_allclose(
            found.residuals[group], y[own] - np.hstack([free, x])[own] @ expected, atol=1e-10
        )


def test_the_penalty_is_the_one_that_predicts_left_out_rows_best() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 30))
    signal, noise = x @ rng.normal(size=30), rng.normal(size=40)
    clear = leave_groups_out(NONE, x, signal, np.ones(40), 10)
    lost = leave_groups_out(NONE, x, noise, np.ones(40), 10)
    # What can be learned is learned, nearly without a penalty; of noise nothing is believed.
    assert np.abs(clear.residuals).max() < 0.05 * np.abs(signal).max()
    assert np.abs(lost.coefficients).max() < 0.05
    assert (lost.residuals**2).mean() == pytest.approx((noise**2).mean(), rel=0.1)


@pytest.mark.parametrize("noise", [0.01, 0.3, 1.0, 5.0])
def test_no_other_penalty_predicts_left_out_rows_better(
    noise: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 30))
    y = x @ rng.normal(size=30) + noise * rng.normal(size=40)
    penalties = left_out._PENALTIES

    def error() -> float:
        return leave_groups_out(NONE, x, y, np.ones(40), 10).error

    found, others = error(), []
    for penalty in penalties:
        monkeypatch.setattr(left_out, "_PENALTIES", np.array([penalty]))
        others.append(error())
    assert found == min(others)


def test_features_that_say_the_same_share_the_coefficient() -> None:
    x = np.repeat(np.array([[1.0], [-1.0], [1.0], [-1.0]]), 2, axis=1)
    found = leave_groups_out(NONE[:4], x, 3 * x[:, 0], np.ones(4), 2)
    np.testing.assert_allclose(found.coefficients, 1.5, rtol=1e-3)
