"""Surrogates against closed forms and scikit-learn itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, rel_entr, softmax
from sklearn.tree import DecisionTreeClassifier

from whytrain.errors import DataError
from whytrain.surrogates.features import Feature, FeatureTable, WordCounter
from whytrain.surrogates.surrogates import STRENGTHS, choose_strength, cut_tree, fit_surrogate, targets

Make = Callable[[np.ndarray], FeatureTable]


def soft_problem(n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, 3))
    p = expit(1.5 * x[:, 0] - x[:, 1] + 0.3)
    return x, np.stack([1 - p, p], axis=1)


@given(st.floats(0, 1), st.floats(0.2, 5), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_learning_the_target_is_learning_labels_and_teacher(
    alpha: float, temperature: float, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    logits, labels = draw.normal(size=(4, 3)), draw.integers(3, size=4)
    network = softmax(logits / temperature, axis=1)
    target = targets(labels, logits, alpha=alpha, temperature=temperature)

    def constant(q: np.ndarray) -> np.ndarray:
        both = alpha * -np.log(q[np.arange(4), labels]) + (1 - alpha) * rel_entr(network, q).sum(axis=1)
        return both + (target * np.log(q)).sum(axis=1)

    first, second = (constant(softmax(draw.normal(size=(4, 3)), axis=1)) for _ in range(2))
    np.testing.assert_allclose(first, second, atol=1e-9)
    np.testing.assert_allclose(target.sum(axis=1), 1.0)


def test_logistic_student_minimizes_the_weighted_cross_entropy(measured: Make) -> None:
    x, target = soft_problem()
    surrogate = fit_surrogate("logistic", measured(x), target, strength=0.5, seed=0)
    z = (x - x.mean(axis=0)) / x.std(axis=0)

    def loss(w: np.ndarray) -> float:
        odds = z @ w[:3] + w[3]
        entropy = target[:, 1] * np.logaddexp(0, -odds) + target[:, 0] * np.logaddexp(0, odds)
        return 0.5 * entropy.sum() + 0.5 * w[:3] @ w[:3]

    best = minimize(loss, np.zeros(4), tol=1e-10).x
    # 1e-3: scikit-learn stops where the gradient is below 1e-4.
    np.testing.assert_allclose(surrogate.coefficients[0], best[:3], atol=1e-3)
    np.testing.assert_allclose(
        surrogate.probabilities(measured(x))[:, 1], expit(z @ best[:3] + best[3]), atol=1e-3
    )


def test_coefficients_add_up_to_the_log_odds(measured: Make) -> None:
    x, target = soft_problem()
    table = measured(x)
    surrogate = fit_surrogate("logistic", table, target, strength=1.0, seed=0)
    p = surrogate.probabilities(table)[:, 1]
    total = surrogate.inputs(table) @ surrogate.coefficients[0] + surrogate.estimator.intercept_[0]
    np.testing.assert_allclose(total, np.log(p / (1 - p)), atol=1e-9)
    three = softmax(x @ np.random.default_rng(1).normal(size=(3, 3)), axis=1)
    surrogate = fit_surrogate("logistic", table, three, strength=1.0, seed=0)
    odds = surrogate.inputs(table) @ surrogate.coefficients.T + surrogate.estimator.intercept_
    np.testing.assert_allclose(softmax(odds, axis=1), surrogate.probabilities(table), atol=1e-9)


def test_units_of_measured_features_do_not_matter_and_presences_stay() -> None:
    texts = ["good film", "bad", "good", "a bad long film ."] * 10
    counter = WordCounter(texts)
    table = counter.read(texts).table(counter.words, [Feature(kind="word", words=("good",))])
    target = np.tile([[0.1, 0.9], [0.8, 0.2], [0.2, 0.8], [0.9, 0.1]], (10, 1))
    surrogate = fit_surrogate("logistic", table, target, strength=1.0, seed=0)
    assert surrogate.scale[0] == 1.0
    long = table.values.toarray()
    long[:, 1:] *= 60.0  # length in another unit
    long[:, -1] /= 60.0  # negation is a presence
    from scipy import sparse

    other = fit_surrogate(
        "logistic", FeatureTable(table.features, sparse.csr_array(long)), target, strength=1.0, seed=0
    )
    np.testing.assert_allclose(other.coefficients, surrogate.coefficients, atol=1e-9)


def test_tree_leaves_hold_the_mean_target(measured: Make) -> None:
    x = np.repeat([0.0, 1.0], 20)[:, None]
    target = np.where(x > 0.5, [[0.1, 0.9]], [[0.7, 0.3]])
    surrogate = fit_surrogate("tree", measured(x), target, strength=1, seed=0)
    np.testing.assert_allclose(surrogate.probabilities(measured(np.array([[0.0], [1.0]]))), target[[0, -1]])
    # Five sentences are the fewest of a leaf, whatever the depth.
    x = np.arange(40.0)[:, None]
    deep = fit_surrogate("tree", measured(x), soft_problem(40)[1], strength=12, seed=0)
    leaves = deep.estimator.tree_.children_left < 0
    assert deep.estimator.tree_.weighted_n_node_samples[leaves].min() >= 5 - 1e-9


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_a_cut_tree_is_the_tree_of_that_depth(depth: int) -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(300, 4)).astype(np.float32), draw.integers(3, size=300)
    deep = DecisionTreeClassifier(random_state=0).fit(x, y)
    shallow = DecisionTreeClassifier(random_state=0, max_depth=depth).fit(x, y)
    unseen = draw.normal(size=(50, 4)).astype(np.float32)
    np.testing.assert_allclose(cut_tree(deep, unseen, depth), shallow.predict_proba(unseen), atol=1e-12)


@pytest.mark.parametrize("kind", ["logistic", "tree"])
def test_copies_and_groups_stay_on_one_side(kind: str) -> None:
    # Fifty sentences, each five times, with targets that follow from nothing but the sentence itself: only
    # who sees a copy of what is held out gains by learning them by heart.
    texts = [f"word{i}" for i in range(50) for _ in range(5)]
    counter = WordCounter(texts)
    table = counter.read(texts).table(
        counter.words, [Feature(kind="word", words=(f"word{i}",)) for i in range(50)]
    )
    high = np.repeat(np.random.default_rng(0).integers(2, size=50), 5)
    target = np.where(high[:, None] > 0, [[0.02, 0.98]], [[0.98, 0.02]])
    together = choose_strength(kind, table, target, np.repeat(np.arange(50), 5), seed=0)
    apart = choose_strength(kind, table, target, np.random.default_rng(1).permutation(250), seed=0)
    assert together == STRENGTHS[kind][0]
    assert apart > STRENGTHS[kind][2]


def test_the_strength_that_predicts_best_is_chosen(measured: Make) -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(600, 2))
    p = np.where((x[:, 0] > 0) == (x[:, 1] > 0), 0.9, 0.1)  # a tree of depth 2, and no linear function
    target = np.stack([1 - p, p], axis=1)
    assert choose_strength("tree", measured(x), target, np.arange(600), seed=0) >= 2
    x, target = soft_problem(600)
    assert choose_strength("logistic", measured(x), target, np.arange(600), seed=0) >= 1e-2


def test_a_class_that_no_target_shows_has_no_probability(measured: Make) -> None:
    x = np.arange(20.0)[:, None]
    target = np.zeros((20, 3))
    target[np.arange(20), np.where(x[:, 0] > 9, 2, 0)] = 1.0
    for kind in ("logistic", "tree"):
        predicted = fit_surrogate(kind, measured(x), target, strength=1, seed=0).probabilities(measured(x))
        assert predicted.shape == (20, 3)
        assert (predicted[:, 1] == 0).all()
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0)


def test_what_cannot_be_taught_is_said(measured: Make) -> None:
    x = np.arange(10.0)[:, None]
    with pytest.raises(DataError, match="at least two classes"):
        fit_surrogate("tree", measured(x), np.tile([[1.0, 0.0]], (10, 1)), strength=1, seed=0)
    with pytest.raises(DataError, match="all 10 of the sample contain one another"):
        choose_strength("tree", measured(x), soft_problem(10)[1], np.zeros(10, dtype=np.int64), seed=0)


def test_global_random_numbers_stay(measured: Make) -> None:
    x, target = soft_problem()
    before = np.random.get_state()[1].copy()
    for kind in ("logistic", "tree"):
        fit_surrogate(kind, measured(x), target, strength=2, seed=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
