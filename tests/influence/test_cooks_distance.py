"""Leverage and Cook's distance against statsmodels, and against fits without the row."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import sparse
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from whytrain.influence.cooks_distance import RowInfluence, logistic_influence

RNG = np.random.default_rng(0)


def made(n: int, n_features: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    inputs = RNG.normal(size=(n, n_features))
    inputs[:, 0] = (inputs[:, 0] > 0).astype(float)
    logits = inputs @ RNG.normal(size=(n_features, n_classes))
    return inputs, np.array([RNG.choice(n_classes, p=row) for row in softmax(logits, axis=1)])


def fitted(
    inputs: np.ndarray, labels: np.ndarray, c: float, weights: np.ndarray | None = None
) -> LogisticRegression:
    return LogisticRegression(C=c, tol=1e-12, max_iter=10_000).fit(inputs, labels, sample_weight=weights)


def of(fit: LogisticRegression, inputs: object, targets: np.ndarray) -> RowInfluence:
    return logistic_influence(inputs, fit.coef_, fit.intercept_, targets, 1 / fit.C)


def test_without_a_penalty_it_is_what_statsmodels_says() -> None:
    inputs, labels = made(120, 4, 2)
    fit = fitted(inputs, labels, 1e12)
    found = of(fit, inputs, np.eye(2)[labels])
    oracle = sm.GLM(labels, np.column_stack([inputs, np.ones(120)]), family=sm.families.Binomial()).fit(
        tol=1e-12
    )
    expected = oracle.get_influence(observed=False)
    # Both fits end within 1e-6 of the optimum.
    assert found.leverage == pytest.approx(expected.hat_matrix_diag, rel=1e-4)
    assert found.cooks_distance == pytest.approx(expected.cooks_distance[0], rel=1e-4)
    assert found.leverage.sum() == pytest.approx(5)  # parameters


def test_sparse_inputs_say_the_same() -> None:
    inputs, labels = made(60, 3, 3)
    fit = fitted(inputs, labels, 1.0)
    dense, loose = (of(fit, x, np.eye(3)[labels]) for x in (inputs, sparse.csr_array(inputs)))
    assert loose.cooks_distance == pytest.approx(dense.cooks_distance)
    assert loose.leverage == pytest.approx(dense.leverage)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_foresees_the_fit_without_the_row(n_classes: int) -> None:
    """The move of all logits when a row is left out, weighed as H weighs it, against fits without the row."""
    n = 80
    inputs, labels = made(n, 4, n_classes)
    fit = fitted(inputs, labels, 0.5)
    found = of(fit, inputs, np.eye(n_classes)[labels])
    p = fit.predict_proba(inputs)
    lengths = []
    for row in range(n):
        kept = np.arange(n) != row
        other = fitted(inputs[kept], labels[kept], 0.5)
        moved, shift = other.coef_ - fit.coef_, other.intercept_ - fit.intercept_
        logits = inputs @ moved.T + shift
        if n_classes == 2:
            curved = (p[:, 1] * p[:, 0] * logits[:, 0] ** 2).sum()
        else:
            curved = ((p * logits**2).sum(axis=1) - (p * logits).sum(axis=1) ** 2).sum()
        lengths.append(curved + 2.0 * (moved**2).sum())
    exact = np.array(lengths) / found.leverage.sum()
    # One Newton step away: of 80 rows each moves the fit little.
    assert found.cooks_distance == pytest.approx(exact, rel=0.25)
    assert np.corrcoef(found.cooks_distance, exact)[0, 1] > 0.99


def test_soft_targets_are_rows_that_count_in_parts() -> None:
    inputs, _ = made(50, 3, 2)
    share = RNG.uniform(0.05, 0.95, size=50)
    targets = np.column_stack([1 - share, share])
    fit = fitted(np.vstack([inputs, inputs]), np.repeat([0, 1], 50), 1.0, np.concatenate([1 - share, share]))
    found = of(fit, inputs, targets)
    w = fit.predict_proba(inputs).prod(axis=1)
    design = np.column_stack([inputs, np.ones(50)])
    inverse = np.linalg.inv(design.T @ (w[:, None] * design) + np.diag([1.0, 1, 1, 0]))
    h = w * np.einsum("ni,ij,nj->n", design, inverse, design)
    r = share - fit.predict_proba(inputs)[:, 1]
    assert found.leverage == pytest.approx(h)
    assert found.cooks_distance == pytest.approx(r**2 / (w * h.sum()) * h / (1 - h) ** 2)
