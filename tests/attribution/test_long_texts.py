"""Long texts: divided where they matter, within a number of evaluations that does not grow."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from whytrain.attribution.ask import Ask
from whytrain.attribution.long_texts import N_UNITS, WORDS_APART, divided, units_that_matter
from whytrain.attribution.reference_sentences import choose_rows, passage
from whytrain.attribution.shapley.estimators import minimum_budget
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.units import Units
from whytrain.data.corpus import Split
from whytrain.models.interface import ModelInterface

POSITIVE = ClassTarget(name="positive", index=1, payoff="log_odds")


def text(n_words: int) -> Units:
    """A text whose tokens 1, 2, … are its words; every twelfth ends a sentence."""
    ids = np.arange(1, n_words + 1)
    words = tuple(f"w{i}." if i % 12 == 0 else f"w{i}" for i in ids)
    return Units(words=words, token_ids=ids, player_of_token=ids - 1, n_words=(1,) * n_words)


class Counting:
    """The log-odds of class 1 are the sum of the weights of the tokens present; texts are counted."""

    def __init__(self, weights: np.ndarray) -> None:
        self.weights, self.n_texts = torch.tensor([0.0, *weights]), 0

    def __call__(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        self.n_texts += len(token_ids)
        odds = self.weights[token_ids].sum(dim=1)
        return torch.stack([torch.zeros_like(odds), odds], dim=1)


@pytest.mark.parametrize("n_words", [300, 3000])
def test_words_that_matter_stand_alone_whatever_the_length(
    n_words: int, make_interface: Callable[..., ModelInterface]
) -> None:
    weights = np.full(n_words, 0.001)
    weights[[57, 131, n_words - 1]] = [2.0, -1.5, 1.0]
    model = Counting(weights)
    units = units_that_matter(Ask(make_interface(model), text(n_words)), POSITIVE)
    assert len(units) == N_UNITS
    assert sum(units.n_words) == n_words
    alone = [word for word, n in zip(units.words, units.n_words, strict=True) if n == 1]
    assert {"w58", "w132.", f"w{n_words}."} <= set(alone)
    # Nothing and everything, two of each of the 16 first passages, and of four parts at each division.
    assert model.n_texts <= 2 + 2 * 16 + 2 * 4 * N_UNITS
    found = Shapley(absences=["padding"], exact_words=10, budget=2000)(
        Ask(make_interface(model), units), POSITIVE, seed=0
    )[0]
    starts = np.cumsum([0, *units.n_words])
    expected = [weights[start:end].sum() for start, end in pairwise(starts)]
    np.testing.assert_allclose(found.scores, expected, atol=1e-5)  # additive: exact but for float32
    assert found.pairs is not None
    assert found.pairs.scores.shape == (N_UNITS, N_UNITS)


def test_a_text_of_few_words_stays_as_it_is(make_interface: Callable[..., ModelInterface]) -> None:
    model = Counting(np.ones(WORDS_APART))
    units = text(WORDS_APART)
    assert units_that_matter(Ask(make_interface(model), units), POSITIVE) is units
    assert model.n_texts == 0


@given(
    words=st.lists(st.sampled_from(["a", "b.", "c,", '."', "。"]), min_size=1, max_size=60),
    n_parts=st.integers(1, 20),
)
def test_parts_cover_the_span_in_order(words: list[str], n_parts: int) -> None:
    parts = divided(words, (0, len(words)), n_parts)
    assert [i for part in parts for i in range(*part)] == list(range(len(words)))
    assert len(parts) == min(n_parts, len(words))


def test_parts_end_at_the_nearest_sentence_or_else_clause() -> None:
    words = [f"w{i}" for i in range(40)]
    words[7], words[12], words[23] = "end.", "clause,", "clause;"
    # Even cuts are 10, 20, 30; each may move by 4: to the end of a sentence rather than of a nearer clause.
    cuts = [end for _, end in divided(words, (0, 40), 4)]
    assert cuts == [8, 24, 30, 40]


@pytest.mark.parametrize(
    ("n_tokens", "expected"), [(20, 4000), (128, 4000), (200, 2560), (256, 2000), (6400, 2000)]
)
def test_a_budget_reads_as_many_tokens_down_to_half(n_tokens: int, expected: int) -> None:
    method = Shapley(absences=["padding"], exact_words=10, budget=4000)
    units = Units(
        words=("a", "b", "c", "d"),
        token_ids=np.ones(n_tokens, dtype=np.int64),
        player_of_token=np.repeat([0, 1, 2, 3], n_tokens // 4),
        n_words=(1,) * 4,
    )
    assert method.evaluations(units) == expected
    least = Shapley(absences=["padding"], exact_words=10, budget=1)
    assert least.evaluations(units) == minimum_budget(4)


def _split(texts: list[str]) -> Split:
    return Split(
        ids=[f"r{i}" for i in range(len(texts))],
        texts=texts,
        labels=np.zeros(len(texts), dtype=np.int64),
        human=None,
        columns={},
    )


def test_long_texts_are_chosen_where_hardly_any_is_short() -> None:
    long = "this one is far too long. but a sentence of it fits in well."
    few = _split([long] * 30 + ["so good and short"] * 2)
    assert {30, 31} < set(choose_rows(few, 20, 6, 0, "train"))
    assert len(choose_rows(few, 20, 6, 0, "train")) == 20
    many = _split([long] * 30 + ["so good and short"] * 4)
    assert sorted(choose_rows(many, 20, 6, 0, "train")) == [30, 31, 32, 33]


def test_a_passage_is_a_whole_sentence_and_always_the_same() -> None:
    text = "No. " + " ".join(f"w{i}" for i in range(20)) + ". The third fits! And a fourth, too."
    found = passage(text, 5)
    assert found in {"The third fits!", "And a fourth, too."}
    assert passage(text, 5) == found
    unpunctuated = " ".join(f"w{i}" for i in range(50))
    part = passage(unpunctuated, 7)
    assert part in unpunctuated
    assert 3 <= len(part.split()) <= 7
