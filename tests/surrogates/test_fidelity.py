"""How faithful surrogates are, against libraries and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import r2_score

from whytrain.errors import DataError
from whytrain.statistics.intervals import wilson_interval
from whytrain.surrogates.fidelity import (
    agreement_over,
    divergence_below,
    divergences,
    fidelity,
    log_odds,
    majority_agreement,
    r_squared,
)

TEACHER = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
STUDENT = np.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9], [0.2, 0.8]])
LABELS = np.array([0, 1, 1, 0])


def random_rows(n: int, n_classes: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(n_classes), size=n)


def test_by_hand() -> None:
    seen = fidelity(STUDENT, TEACHER, LABELS)
    assert seen.agreement == wilson_interval(3, 4)
    assert seen.accuracy == wilson_interval(3, 4)
    # The network is wrong about the last two; the surrogate shares the last error only.
    assert seen.agreement_on_errors == wilson_interval(1, 2)
    assert seen.kl.estimate == pytest.approx(
        np.mean([entropy(t, s) for t, s in zip(TEACHER, STUDENT, strict=True)])
    )
    assert seen.kl.low <= seen.kl.estimate <= seen.kl.high


@pytest.mark.parametrize("n_classes", [2, 3])
def test_explained_variance_is_scikit_learns(n_classes: int) -> None:
    network, surrogate = random_rows(50, n_classes, 0), random_rows(50, n_classes, 1)
    t, s = log_odds(network), log_odds(surrogate)
    own = network[:, 1:] if n_classes == 2 else network
    np.testing.assert_allclose(t, np.log(own / (1 - own)))
    weights = t.var(axis=0)
    expected = r2_score(t, s, multioutput=weights if n_classes > 2 else "uniform_average")
    assert r_squared(surrogate, network) == pytest.approx(expected)
    assert r_squared(network, network) == 1.0


def test_a_perfect_student() -> None:
    seen = fidelity(TEACHER, TEACHER, LABELS)
    assert (seen.agreement.estimate, seen.kl.estimate, seen.r_squared) == (1.0, 0.0, 1.0)
    assert fidelity(TEACHER, TEACHER, TEACHER.argmax(axis=1)).agreement_on_errors is None
    constant = np.tile([[0.5, 0.5]], (4, 1))
    assert np.isnan(fidelity(STUDENT, constant, LABELS).r_squared)


def test_a_probability_of_zero_costs_a_finite_amount() -> None:
    cost = divergences(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]]))
    assert cost[0] == pytest.approx(0.5 * np.log(0.5) + 0.5 * np.log(0.5 / 1e-6))


def test_the_floor_is_paired() -> None:
    network = random_rows(400, 2, 0)
    assert agreement_over(STUDENT, STUDENT, TEACHER).high == 0.0
    better, worse = network.copy(), network.copy()
    worse[:40] = worse[:40, ::-1]  # wrong on 40 sentences that the other has right
    gain = agreement_over(better, worse, network)
    assert gain.estimate == pytest.approx(0.1)
    assert 0.06 < gain.low < gain.estimate < gain.high < 0.14  # ± 1.96·sqrt(0.1·0.9/400) = 0.029
    closer = divergence_below(better, worse, network)
    assert closer.estimate == pytest.approx(divergences(worse, network).mean())
    assert 0 < closer.low < closer.estimate < closer.high
    assert divergence_below(worse, worse, network).high == 0.0


def test_one_answer_to_all_reaches_what_the_teacher_says_most_often() -> None:
    assert majority_agreement(TEACHER) == 0.5
    assert majority_agreement(TEACHER[:3]) == pytest.approx(2 / 3)
    assert majority_agreement(TEACHER[1:2]) == 1.0


def test_one_sentence_is_too_few() -> None:
    with pytest.raises(DataError, match="at least 2 validation sentences, there are 1"):
        fidelity(STUDENT[:1], TEACHER[:1], LABELS[:1])
