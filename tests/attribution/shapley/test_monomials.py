"""Products of signs, and which of them are thought to be large."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from whytrain.attribution.shapley.monomials import likely_terms


def test_terms_are_all_products_of_an_order() -> None:
    terms = likely_terms(3, np.ones(5))
    assert list(zip(*terms.members.tolist(), strict=True)) == list(combinations(range(5), 3))
    signs = np.array([[1.0, -1, -1, 1, 1], [-1, -1, -1, -1, -1]])
    expected = [[row[list(m)].prod() for m in combinations(range(5), 3)] for row in signs]
    np.testing.assert_array_equal(terms.of(signs), expected)


def test_strong_and_near_players_are_thought_to_interact_most() -> None:
    strong = likely_terms(2, np.array([4.0, 4.0, 1.0, 1.0]))
    sizes = dict(zip(zip(*strong.members.tolist(), strict=True), strong.deviations, strict=True))
    assert max(sizes, key=sizes.__getitem__) == (0, 1)
    # √(4·4) to √(1·1) of neighbors; a word between them divides by √2.
    assert sizes[0, 1] / sizes[2, 3] == pytest.approx(4)
    assert sizes[1, 2] / sizes[0, 2] == pytest.approx(np.sqrt(2))
    assert np.mean(strong.deviations**2) == pytest.approx(1)


def test_of_many_players_the_strongest_are_ranked() -> None:
    weights = np.ones(60)
    weights[[3, 40]] = 5.0
    fours, pairs = likely_terms(4, weights, most=5000), likely_terms(2, weights)
    assert fours.members.shape[1] <= 3060
    assert {3, 40} < set(fours.members.ravel().tolist())
    assert (np.diff(fours.members, axis=0) > 0).all()
    assert pairs.members.shape[1] == 60 * 59 // 2  # of pairs none is left out


def test_the_likeliest_terms_are_taken() -> None:
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 9)
    every, likely = likely_terms(3, weights), likely_terms(3, weights, most=20)
    order = np.argsort(-every.deviations)[:20]
    taken = {tuple(term) for term in every.members[:, order].T.tolist()}
    assert {tuple(term) for term in likely.members.T.tolist()} == taken
    assert np.mean(likely.deviations**2) == pytest.approx(1)


def test_too_few_players_have_no_terms() -> None:
    terms = likely_terms(4, np.ones(3))
    assert terms.members.shape == (4, 0)
    assert terms.of(np.ones((2, 3))).shape == (2, 0)
