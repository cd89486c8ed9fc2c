"""Attacks, reductions and certificates on a model that is a sum of words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from readers import Reader

from whytrain.robustness.attacks import HOLDS, attack
from whytrain.robustness.certificates import certified
from whytrain.robustness.clauses import with_clauses
from whytrain.robustness.reduction import reduce_texts

WEIGHTS = {"fine": 3.0, "good": 2.0, "film": 0.5, "dull": -4.0, "so": -0.5}


def hidden(word: str) -> Sequence[str]:
    return [f"{word}x", f"{word}y"] if len(word) > 3 else []


def test_the_words_that_matter_most_go_first_until_the_answer_turns() -> None:
    reader = Reader(WEIGHTS, bias=-1.0)
    found = attack(reader, ["so fine good film", "fine fine fine"], [1, 1], hidden, most=3)
    # -1 - 0.5 + 5.5 = 4; without fine 1; without good, too, -1.
    assert found.words.tolist() == [2, 3]
    assert found.changed[0].split()[0] == "so"
    assert [old for old, _ in found.changes[0]] == ["fine", "good"]
    assert found.right(1).tolist() == [True, True]
    assert found.right(2).tolist() == [False, True]
    assert found.asked == reader.asked


def test_what_is_wrong_holds_or_may_not_be_changed() -> None:
    found = attack(Reader(WEIGHTS), ["dull film", "fine fine", "so"], [1, 1, 0], hidden, most=1)
    assert found.words.tolist() == [0, HOLDS, HOLDS]  # wrong as it is; one of two; too short
    assert found.changed[0] == "dull film"
    assert found.right(0).tolist() == [False, True, True]


def test_a_variant_that_helps_the_answer_is_not_taken() -> None:
    found = attack(Reader({"film": -1.0}, bias=2.0), ["film"], [1], hidden, most=1)
    assert found.changes == ((),)


@pytest.mark.parametrize("seed", range(5))
def test_the_least_important_words_go_and_the_answer_stays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reader = Reader({f"w{i}": float(rng.normal()) for i in range(7)}, bias=-0.3)
    text = " ".join(f"w{i}" for i in range(7))
    [reduced] = reduce_texts(reader, [text])
    said = reader([text])[0].argmax()
    sign = 1 if said else -1
    # Of a sum of words the best order is known: what speaks most against goes first, then what says least.
    left = sorted(range(7), key=lambda i: sign * reader.weights[f"w{i}"])
    while len(left) > 1 and reader([" ".join(f"w{i}" for i in left[1:])])[0].argmax() == said:
        left = left[1:]
    assert set(reduced.left.split()) == {f"w{i}" for i in left}
    assert reduced.n_left == len(left)
    assert reduced.probability_left == pytest.approx(reader([reduced.left])[0, said], abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_certified_is_what_no_set_of_words_turns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reader = Reader({f"w{i}": float(rng.normal(0.5)) for i in range(6)}, bias=-0.5)
    words = [f"w{i}" for i in range(6)]
    found = certified(reader, [" ".join(words)], [1], most=3, budget=100)[0]
    for k in range(4):
        sets = [c for size in range(k + 1) for c in combinations(words, len(words) - size)]
        assert found[k] == all(reader([" ".join(kept)])[0].argmax() == 1 for kept in sets)


def test_beyond_the_budget_nothing_is_certified() -> None:
    found = certified(Reader({}, bias=1.0), ["a b c d", "a"], [1, 1], most=2, budget=6)
    np.testing.assert_array_equal(found, [[1, 1, np.nan], [1, np.nan, np.nan]])
    turned = certified(Reader({}, bias=1.0), ["a b c d"], [0], most=2, budget=1)
    np.testing.assert_array_equal(turned, [[0, 0, 0]])  # wrong as it is, with whatever is left out


def test_a_clause_keeps_the_text() -> None:
    assert with_clauses(" a {b} ", ["x {text} y"]) == ["x a {b} y"]
