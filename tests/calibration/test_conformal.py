"""Conformal sets: ranks by hand, independent libraries, and coverage that is beta-binomial."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin

from whytrain.calibration.conformal import (
    class_conditional_thresholds,
    coverage_range,
    lac_thresholds,
    prediction_sets,
)
from whytrain.errors import ConfigError, DataError


def draw(
    generator: np.random.Generator, n_rows: int, n_classes: int, skew: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities and labels drawn from them, the later classes being harder to tell."""
    concentration = 0.3 + skew * np.arange(n_classes)
    probabilities = generator.dirichlet(concentration, size=n_rows)
    labels = (probabilities.cumsum(axis=1) > generator.random((n_rows, 1))).argmax(axis=1)
    return probabilities, labels


def covered(sets: NDArray[np.bool_], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    return sets[np.arange(len(labels)), labels]


@pytest.mark.parametrize(
    ("n_rows", "alpha", "rank"),
    [
        (9, 0.1, 9),
        (10, 0.1, 10),
        (19, 0.1, 18),
        (99, 0.05, 95),
        (4, 0.5, 3),
        (999, 0.1, 900),
        (19, 0.05, 19),
        (9, 0.7, 3),
    ],
)
def test_the_threshold_is_the_right_order_statistic(n_rows: int, alpha: float, rank: int) -> None:
    scores = np.random.default_rng(0).permutation(np.arange(1, n_rows + 1) / (n_rows + 1))
    thresholds = lac_thresholds(np.stack([scores, 1 - scores], axis=1), np.ones(n_rows, dtype=int), alpha)
    expected = rank / (n_rows + 1)
    # The scores come back as 1 - (1 - s), which may cost the last digit.
    np.testing.assert_allclose(thresholds.thresholds, [expected, expected], rtol=1e-12)
    assert thresholds.n_rows.tolist() == [n_rows, n_rows]


@pytest.mark.parametrize(("n_rows", "alpha"), [(8, 0.1), (1, 0.4), (18, 0.05)])
def test_too_few_rows_exclude_nothing(n_rows: int, alpha: float) -> None:
    probabilities, labels = draw(np.random.default_rng(0), n_rows, 3)
    thresholds = lac_thresholds(probabilities, labels, alpha)
    assert (thresholds.thresholds == math.inf).all()
    assert prediction_sets(probabilities, thresholds).all()
    assert coverage_range(n_rows, 10, alpha).low == 1.0


def test_a_class_with_too_few_rows_is_in_every_set() -> None:
    probabilities, labels = draw(np.random.default_rng(0), 300, 3)
    keep = labels != 0
    keep[np.flatnonzero(labels == 0)[:4]] = True
    thresholds = class_conditional_thresholds(probabilities[keep], labels[keep])
    assert thresholds.n_rows[0] == 4
    assert thresholds.thresholds[0] == math.inf
    assert np.isfinite(thresholds.thresholds[1:]).all()
    assert prediction_sets(probabilities, thresholds)[:, 0].all()


def test_sets_by_hand() -> None:
    thresholds = lac_thresholds([[0.4, 0.6], [0.3, 0.7], [0.2, 0.8]], [1, 1, 1], alpha=0.5)  # 2nd of 3
    assert thresholds.thresholds[0] == pytest.approx(0.3)
    sets = prediction_sets([[0.1, 0.9], [0.5, 0.5], [0.71, 0.29]], thresholds)
    assert sets.tolist() == [[False, True], [False, False], [True, False]]


class GivenProbabilities(ClassifierMixin, BaseEstimator):
    """A classifier whose features are its probabilities."""

    def fit(self, probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> GivenProbabilities:
        """Learn the number of classes."""
        self.classes_ = np.arange(probabilities.shape[1])
        return self

    def predict_proba(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what came."""
        return np.asarray(probabilities)

    def predict(self, probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the most likely class."""
        return np.asarray(probabilities).argmax(axis=1)


@pytest.mark.parametrize("n_classes", [2, 3, 6])
@pytest.mark.parametrize("n_rows", [30, 57, 500])
@pytest.mark.parametrize("alpha", [0.1, 0.25])
def test_sets_equal_mapie(n_classes: int, n_rows: int, alpha: float) -> None:
    mapie = pytest.importorskip("mapie.classification")
    generator = np.random.default_rng(n_rows)
    probabilities, labels = draw(generator, n_rows, n_classes, skew=0.2)
    labels[:n_classes] = np.arange(n_classes)  # MAPIE wants to see every class
    test = draw(generator, 200, n_classes)[0]
    classifier = GivenProbabilities().fit(probabilities, labels)
    theirs = mapie.SplitConformalClassifier(
        classifier, confidence_level=1 - alpha, conformity_score="lac", prefit=True
    )
    theirs.conformalize(probabilities, labels)
    sets = prediction_sets(test, lac_thresholds(probabilities, labels, alpha))
    np.testing.assert_array_equal(sets, theirs.predict_set(test)[1][..., 0])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_class_conditional_sets_equal_crepes(n_classes: int) -> None:
    crepes = pytest.importorskip("crepes")
    hinge = pytest.importorskip("crepes.extras").hinge
    generator = np.random.default_rng(1)
    probabilities, labels = draw(generator, 300, n_classes)
    test = draw(generator, 200, n_classes)[0]
    theirs = crepes.ConformalClassifier()
    theirs.fit(hinge(probabilities, np.arange(n_classes), labels), bins=labels)
    # A class is in the set if its p-value among its own rows exceeds alpha; 1e-9 for p-values equal to it.
    p_values = [
        theirs.predict_p(hinge(test), bins=np.full(200, c), smoothing=False)[:, c] for c in range(n_classes)
    ]
    sets = prediction_sets(test, class_conditional_thresholds(probabilities, labels, 0.1))
    np.testing.assert_array_equal(sets, np.stack(p_values, axis=1) > 0.1 + 1e-9)


@pytest.mark.parametrize(("n_rows", "alpha"), [(50, 0.1), (200, 0.2)])
def test_coverage_is_beta_binomial(n_rows: int, alpha: float) -> None:
    generator = np.random.default_rng(2)
    n_test, shares = 150, []
    for _ in range(1000):
        probabilities, labels = draw(generator, n_rows + n_test, 3)
        thresholds = lac_thresholds(probabilities[:n_rows], labels[:n_rows], alpha)
        shares.append(covered(prediction_sets(probabilities[n_rows:], thresholds), labels[n_rows:]).mean())
    expected = coverage_range(n_rows, n_test, alpha)
    inside = sum(expected.contains(share) for share in shares)
    rank = math.ceil((n_rows + 1) * (1 - alpha) - 1e-9)
    law = stats.betabinom(n_test, rank, n_rows + 1 - rank)
    claimed = law.cdf(round(expected.high * n_test)) - law.cdf(round(expected.low * n_test) - 1)
    assert claimed >= 0.95
    assert stats.binom.ppf(0.001, 1000, claimed) <= inside <= stats.binom.ppf(0.999, 1000, claimed)
    # Mean coverage k / (n + 1) within four standard errors: a rank too high or low is off by 8 or more.
    assert np.mean(shares) == pytest.approx(expected.estimate, abs=4 * law.std() / n_test / math.sqrt(1000))
    # Correct sets would leave a binomial interval far too often.
    narrow = stats.binom(n_test, 1 - alpha)
    in_binomial = np.mean([narrow.ppf(0.025) <= share * n_test <= narrow.ppf(0.975) for share in shares])
    assert in_binomial < 0.9


def test_class_conditional_coverage_holds_for_every_class() -> None:
    generator = np.random.default_rng(3)
    per_class, alpha = 80, 0.1
    labels = np.repeat([0, 1, 2], per_class)
    signal = np.array([4.0, 2.0, 1.0])[labels, None] * np.eye(3)[labels]  # class 2 is the hardest
    shares = np.zeros((2, 1000, 3))
    for k in range(1000):
        odds = np.exp(signal + generator.normal(size=(2, 240, 3)))
        fit, test = odds / odds.sum(axis=2, keepdims=True)
        for rule, share in zip((class_conditional_thresholds, lac_thresholds), shares, strict=True):
            sets = prediction_sets(test, rule(fit, labels, alpha))
            share[k] = covered(sets, labels).reshape(3, per_class).mean(axis=1)
    expected = coverage_range(per_class, per_class, alpha)
    inside = ((expected.low <= shares[0]) & (shares[0] <= expected.high)).sum(axis=0)
    assert (inside >= stats.binom.ppf(0.001, 1000, 0.95)).all()
    # Mean coverage 73/81 for every class; standard error of 1,000 splits below 0.05/√1000.
    np.testing.assert_allclose(shares[0].mean(axis=0), expected.estimate, atol=4 * 0.05 / math.sqrt(1000))
    # One threshold for all classes leaves the hard class behind: the test sees the difference.
    assert shares[1].mean(axis=0).min() < 0.85


def test_two_classes_ignore_the_temperature() -> None:
    generator = np.random.default_rng(4)
    logits = generator.normal(size=(400, 1)) * np.array([[-1.0, 1.0]])
    labels = (generator.random(400) < 0.5 + 0.3 * np.sign(logits[:, 1])).astype(int)
    sets = []
    for temperature in (0.5, 1.0, 4.0):
        p = 1 / (1 + np.exp(-np.diff(logits, axis=1)[:, 0] / temperature))
        probabilities = np.stack([1 - p, p], axis=1)
        for rule in (lac_thresholds, class_conditional_thresholds):
            sets.append(prediction_sets(probabilities[200:], rule(probabilities[:200], labels[:200])))
    np.testing.assert_array_equal(sets[0], sets[2])
    np.testing.assert_array_equal(sets[0], sets[4])
    np.testing.assert_array_equal(sets[1], sets[3])
    np.testing.assert_array_equal(sets[1], sets[5])


def test_ties_only_add_coverage() -> None:
    generator = np.random.default_rng(5)
    rates = []
    for _ in range(300):
        p = generator.choice([0.6, 0.8, 0.95], size=200)
        labels = (generator.random(200) < p).astype(int)
        probabilities = np.stack([1 - p, p], axis=1)
        sets = prediction_sets(probabilities[100:], lac_thresholds(probabilities[:100], labels[:100], 0.2))
        rates.append(covered(sets, labels[100:]).mean())
    assert np.mean(rates) >= 0.8


def test_bad_input() -> None:
    probabilities, labels = draw(np.random.default_rng(0), 30, 3)
    for alpha in (0.0, 1.0, 10.0):
        with pytest.raises(ConfigError, match="alpha between 0 and 1"):
            lac_thresholds(probabilities, labels, alpha)
    with pytest.raises(DataError, match="the 3 classes that the sets were calibrated on, got 2"):
        prediction_sets([[0.5, 0.5]], lac_thresholds(probabilities, labels))
    with pytest.raises(DataError, match="at least 1 test row"):
        coverage_range(30, 0, 0.1)
