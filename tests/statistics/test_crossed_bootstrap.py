"""Intervals over sentences and seeds against closed forms, one source of spread at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from whytrain.statistics.crossed_bootstrap import crossed_bootstrap, mean_over_sentences_and_seeds


def test_one_seed_has_the_spread_of_its_sentences() -> None:
    terms = np.random.default_rng(3).choice([-1.0, 0.0, 1.0], p=[0.1, 0.5, 0.4], size=400)
    found = mean_over_sentences_and_seeds(terms[None])
    half = 1.96 * terms.std() / math.sqrt(400)
    assert found.estimate == terms.mean()
    # 2,000 replicates fix a 2.5% quantile to 0.06 standard errors of the mean; four times that.
    assert found.low == pytest.approx(terms.mean() - half, abs=0.24 * half / 1.96)
    assert found.high == pytest.approx(terms.mean() + half, abs=0.24 * half / 1.96)


def test_seeds_that_do_not_depend_on_sentences_have_students_interval() -> None:
    per_seed = np.array([0.1, 0.3, 0.35])
    found = mean_over_sentences_and_seeds(np.repeat(per_seed[:, None], 50, axis=1))
    half = stats.t.ppf(0.975, 2) * per_seed.std(ddof=1) / math.sqrt(3)
    # t runs through 2,000 even quantiles, of which the ends lie between the 50th and 51st: level 0.0252.
    assert found.low == pytest.approx(0.25 - half, abs=0.01 * half)
    assert found.high == pytest.approx(0.25 + half, abs=0.01 * half)


def test_sides_with_seeds_of_their_own_are_added() -> None:
    terms = np.random.default_rng(0).normal(size=(2, 3, 40))

    def one_side(of: int):
        return lambda counts: [(counts @ terms[of].T / 40)[:, None]]

    both = crossed_bootstrap(
        lambda counts: [side for of in (0, 1) for side in one_side(of)(counts)], 40, n_resamples=200, seed=1
    )
    alone = [crossed_bootstrap(one_side(of), 40, n_resamples=200, seed=1) for of in (0, 1)]
    assert both.estimate[0] == pytest.approx(sum(a.estimate[0] for a in alone))
    assert both.seed_error[0] == pytest.approx(math.hypot(*(a.seed_error[0] for a in alone)))


def test_p_values_count_tails() -> None:
    terms = np.array([1.0] * 39 + [0.0])  # a resample has a mean of 0 with probability 40^-40
    found = crossed_bootstrap(
        lambda counts: [(counts @ terms / 40)[:, None, None]], 40, n_resamples=99, seed=0
    )
    assert found.p_value(0) == pytest.approx(2 / 100)
