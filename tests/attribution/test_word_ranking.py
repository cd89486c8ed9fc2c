"""Rankings of words and pairs, averaged over sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution
from whytrain.attribution.perturbation.occlusion import Occlusion
from whytrain.attribution.random_scores import RandomScores
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.tables import sure_size, word_table
from whytrain.attribution.target import ClassTarget, Target
from whytrain.attribution.units import Units
from whytrain.attribution.word_ranking import rank_words
from whytrain.models.interface import ModelInterface

NAMES = ["neg", "pos"]


def predict(token_ids: Tensor, mask: Tensor | None) -> Tensor:
    """Log-odds of class 1: 2 for token 1, −1 for token 2, 4 more where both are, 0.5 for token 3."""
    one, two, three = ((token_ids == i).any(dim=1).float() for i in (1, 2, 3))
    odds = 2 * one - two + 4 * one * two + 0.5 * three
    return torch.stack([torch.zeros_like(odds), odds], dim=1)


def sentence(*words: str) -> Units:
    ids = np.array([{"good": 1, "not": 2, "so": 3}[word.lower().strip("!,")] for word in words])
    return Units(words=words, token_ids=ids, player_of_token=np.arange(len(ids)), n_words=(1,) * len(ids))


def rank(
    make_interface: Callable[..., ModelInterface], sentences: list[Units], labels: list[int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    targets = [ClassTarget(name=NAMES[label], index=label, payoff="log_odds") for label in labels]
    explainer = Shapley(absences=["padding"], exact_words=10, budget=1)
    words, pairs = rank_words(
        make_interface(predict), explainer, sentences, targets, class_names=NAMES, seed=0
    )
    assert pairs is not None
    assert set(words["variant"]) == set(pairs["variant"]) == {"padding"}
    return words, pairs


def test_words_and_pairs_by_hand(make_interface: Callable[..., ModelInterface]) -> None:
    sentences = [sentence("Good", "not", "so"), sentence("not,", "good!"), sentence("so", "good")]
    words, pairs = rank(make_interface, sentences, [1, 0, 1])
    # Beside "not", "good" has 2 + 4/2; without it 2. The second is of class neg, and is told about pos.
    by_word = words.set_index("word")
    assert by_word.loc["good", "score"] == pytest.approx((4 + 4 + 2) / 3, abs=1e-5)
    assert by_word.loc["not", "score"] == pytest.approx(1.0, abs=1e-5)
    assert by_word.loc["so", "score"] == pytest.approx(0.5, abs=1e-5)
    assert by_word["count"].to_dict() == {"good": 3, "not": 2, "so": 2}
    assert set(words["class"]) == {"pos"}
    assert words["score"].abs().is_monotonic_decreasing
    by_pair = pairs.set_index(["word_a", "word_b"])
    assert by_pair.loc[("good", "not"), "interaction"] == pytest.approx(4.0, abs=1e-5)
    assert by_pair.loc[("good", "not"), "count"] == 2
    assert by_pair.loc[("good", "so"), "interaction"] == pytest.approx(0.0, abs=1e-5)
    assert (pairs["word_a"] <= pairs["word_b"]).all()
    assert pairs["interaction"].abs().is_monotonic_decreasing


def test_a_pair_counts_once_per_sentence_and_never_with_itself(
    make_interface: Callable[..., ModelInterface],
) -> None:
    _, pairs = rank(make_interface, [sentence("so", "so", "good")], [1])
    assert list(zip(pairs["word_a"], pairs["word_b"], strict=True)) == [("good", "so")]
    assert pairs["count"].tolist() == [1]
    assert pairs["standard_error"].isna().all()


def test_what_is_sure_comes_first() -> None:
    table = pd.DataFrame({"score": [-3.0, 2.0, 9.0, 0.5], "standard_error": [0.5, 0.25, float("nan"), 0.75]})
    assert sure_size(table, "score").tolist() == [2.5, 1.75, 0.0, 0.0]
    values = pd.DataFrame(
        [
            ("padding", "pos", word, phi)
            for word, phi in [
                ("seldom", 9.0),
                ("sure", 3.0),
                ("sure", 3.5),
                ("doubtful", 6.0),
                ("doubtful", -1.0),
                ("small", 1.0),
            ]
        ],
        columns=["variant", "class", "word", "score"],
    )
    # sure: 3.25 - 0.25; doubtful: 2.5 - 3.5; then by size, the one seen once first.
    assert word_table(values, ["neg", "pos"])["word"].tolist() == ["sure", "seldom", "doubtful", "small"]


def test_a_method_without_pairs_ranks_words_alone(make_interface: Callable[..., ModelInterface]) -> None:
    target = ClassTarget(name="pos", index=1, payoff="log_odds")
    words, pairs = rank_words(
        make_interface(predict), RandomScores(), [sentence("so", "good")], [target], class_names=NAMES, seed=0
    )
    assert pairs is None
    assert set(words["word"]) == {"so", "good"}


def test_sizes_are_not_turned_to_the_other_class(make_interface: Callable[..., ModelInterface]) -> None:
    class Sizes(Occlusion):
        def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
            (found,) = super().__call__(ask, target, seed=seed)
            return [
                replace(found, scores=np.abs(found.scores), quantity=replace(found.quantity, signed=False))
            ]

    targets = [ClassTarget(name=NAMES[label], index=label, payoff="log_odds") for label in (1, 0)]
    sentences = [sentence("good", "so"), sentence("good", "so")]
    words, _ = rank_words(
        make_interface(predict), Sizes(absence=None), sentences, targets, class_names=NAMES, seed=0
    )
    # Of both classes, each by itself.
    by_word = words.set_index(["class", "word"])["score"]
    assert by_word.to_dict() == pytest.approx(
        {("pos", "good"): 2, ("neg", "good"): 2, ("pos", "so"): 0.5, ("neg", "so"): 0.5}, abs=1e-6
    )
