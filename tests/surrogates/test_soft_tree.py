"""Soft trees by hand, against finite differences, and on targets of which the tree is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.optimize import approx_fprime
from scipy.special import expit

from whytrain.surrogates.features import FeatureTable
from whytrain.surrogates.soft_tree import SoftTree, SoftTreeLoss, fit_soft_tree, imbalance, log_reached
from whytrain.surrogates.surrogates import fit_surrogate


def by_hand() -> SoftTree:
    """Two features; the root asks the first, its left child the second, its right child nothing."""
    return SoftTree(
        coef_=np.array([[2.0, 0.0], [0.0, -1.0], [0.0, 0.0]]),
        intercept_=np.array([-1.0, 0.5, 0.25]),
        leaves=np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.0, 1.0]]),
    )


def crossed(n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """What the second feature says depends on the first: a tree of depth 2, and no single question."""
    x = np.random.default_rng(seed).normal(size=(n, 2))
    p = np.where((x[:, 0] > 0) == (x[:, 1] > 0), 0.95, 0.05)
    return x, np.stack([1 - p, p], axis=1)


def test_probabilities_of_paths_by_hand() -> None:
    x = np.array([[1.0, 3.0], [0.0, -2.0]])
    right = np.array([[expit(1.0), expit(-2.5), expit(0.25)], [expit(-1.0), expit(2.5), expit(0.25)]])
    a, b, c = right.T
    paths = np.stack([(1 - a) * (1 - b), (1 - a) * b, a * (1 - c), a * c], axis=1)
    tree = by_hand()
    levels = tree.reached(x)
    assert [level.shape for level in levels] == [(2, 1), (2, 2), (2, 4)]
    # 1e-12: float64.
    np.testing.assert_allclose(levels[1], np.stack([1 - a, a], axis=1), atol=1e-12)
    np.testing.assert_allclose(levels[2], paths, atol=1e-12)
    np.testing.assert_allclose(tree.predict_proba(x)[:, 1], paths @ [0.1, 0.4, 0.7, 1.0], atol=1e-12)
    np.testing.assert_allclose(tree.predict_proba(sparse.csr_array(x)), tree.predict_proba(x), atol=1e-12)


def test_imbalance_by_hand() -> None:
    p, q, r = np.array([0.9, 0.3]), np.array([0.2, 0.6]), np.array([0.5, 0.5])
    scores = torch.from_numpy(np.stack([np.log(s / (1 - s)) for s in (p, q, r)], axis=1))
    shares = [p.mean(), ((1 - p) * q).sum() / (1 - p).sum(), 0.5]
    costs = [-0.5 * (np.log(a) + np.log(1 - a)) for a in shares]
    expected = costs[0] + 0.5 * (costs[1] + costs[2])
    assert imbalance(log_reached(scores)).item() == pytest.approx(expected, rel=1e-12)
    # Halves everywhere cost least.
    assert imbalance(log_reached(torch.zeros(2, 3))).item() == pytest.approx(2 * np.log(2))


def test_the_loss_by_hand() -> None:
    # One node, one sentence in the middle: half of each leaf's cross-entropy, whatever their mean says.
    loss = SoftTreeLoss(np.array([[1.0]]), np.array([[0.25, 0.75]]), depth=1, balance=0.1)
    leaves = np.log([[0.8, 0.2], [0.4, 0.6]])
    value, _ = loss(np.concatenate([[0.5], [-0.5], leaves.ravel()]))
    errors = -(0.25 * leaves[:, 0] + 0.75 * leaves[:, 1])
    assert value == pytest.approx(errors.mean() + 0.1 * np.log(2) + 0.5**2 / 2, rel=1e-12)


@pytest.mark.parametrize("as_given", [np.asarray, sparse.csr_array])
def test_the_gradient_against_differences(as_given: Callable[[np.ndarray], object]) -> None:
    draw = np.random.default_rng(0)
    values, target = draw.normal(size=(7, 3)), draw.dirichlet(np.ones(3), size=7)
    loss = SoftTreeLoss(as_given(values), target, depth=2, balance=0.3)
    at = draw.normal(size=3 * 3 + 3 + 4 * 3)
    # 1e-6: forward differences of step 1.5e-8 round at 1e-8 of a loss near 1.
    np.testing.assert_allclose(loss(at)[1], approx_fprime(at, lambda x: loss(x)[0]), atol=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_deeper_target_is_found(seed: int) -> None:
    x, target = crossed()
    unseen, wanted = crossed(300, seed=9)
    shallow, deep = (fit_soft_tree(x, target, depth=depth, seed=seed) for depth in (1, 2))
    right = [
        (tree.predict_proba(unseen).argmax(axis=1) == wanted.argmax(axis=1)).mean()
        for tree in (shallow, deep)
    ]
    assert right[0] < 0.75  # one soft question halves the plane
    assert right[1] > 0.9


def test_a_seed_decides_and_global_random_numbers_stay() -> None:
    x, target = crossed(200)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    first, again, other = (fit_soft_tree(x, target, depth=2, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.coef_, again.coef_)
    np.testing.assert_array_equal(first.leaves, again.leaves)
    assert not np.array_equal(first.coef_, other.coef_)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_units_of_measured_features_do_not_matter(measured: Callable[[np.ndarray], FeatureTable]) -> None:
    x, target = crossed(200)
    one, other = (
        fit_surrogate("soft_tree", measured(values), target, strength=2, seed=0) for values in (x, 60 * x + 7)
    )
    # 1e-6: the features are the same but for rounding.
    np.testing.assert_allclose(one.coefficients, other.coefficients, atol=1e-6)
