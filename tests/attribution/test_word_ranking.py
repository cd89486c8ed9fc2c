"""Rankings of words and pairs, averaged over sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from whytrain.attribution.removal import Absence
from whytrain.attribution.tables import sure_size, word_table
from whytrain.attribution.units import Players
from whytrain.attribution.word_ranking import rank_vocabulary

NAMES = ["neg", "pos"]


def predict(token_ids: Tensor, mask: Tensor | None) -> Tensor:
    """Log-odds of class 1: 2 for token 1, −1 for token 2, 4 more where both are, 0.5 for token 3."""
    one, two, three = ((token_ids == i).any(dim=1).float() for i in (1, 2, 3))
    odds = 2 * one - two + 4 * one * two + 0.5 * three
    return torch.stack([torch.zeros_like(odds), odds], dim=1)


def sentence(*words: str) -> Players:
    ids = np.array([{"good": 1, "not": 2, "so": 3}[word.lower().strip("!,")] for word in words])
    return Players(words, ids, np.arange(len(ids)), (1,) * len(ids))


def test_words_and_pairs_by_hand() -> None:
    sentences = {4: sentence("Good", "not", "so"), 1: sentence("not,", "good!"), 7: sentence("so", "good")}
    labels = np.array([9, 0, 9, 9, 1, 9, 9, 1])
    words, pairs = rank_vocabulary(
        predict, sentences, labels, Absence("padding", 0), payoff="log_odds", class_names=NAMES
    )
    # Beside "not", "good" has 2 + 4/2; without it 2. Row 1 is of class neg, and is told about pos.
    by_word = words.set_index("word")
    assert by_word.loc["good", "phi"] == pytest.approx((4 + 4 + 2) / 3, abs=1e-5)
    assert by_word.loc["not", "phi"] == pytest.approx(1.0, abs=1e-5)
    assert by_word.loc["so", "phi"] == pytest.approx(0.5, abs=1e-5)
    assert by_word["count"].to_dict() == {"good": 3, "not": 2, "so": 2}
    assert set(words["class"]) == {"pos"}
    assert words["phi"].abs().is_monotonic_decreasing
    by_pair = pairs.set_index(["word_a", "word_b"])
    assert by_pair.loc[("good", "not"), "interaction"] == pytest.approx(4.0, abs=1e-5)
    assert by_pair.loc[("good", "not"), "count"] == 2
    assert by_pair.loc[("good", "so"), "interaction"] == pytest.approx(0.0, abs=1e-5)
    assert (pairs["word_a"] <= pairs["word_b"]).all()
    assert pairs["interaction"].abs().is_monotonic_decreasing


def test_a_pair_counts_once_per_sentence_and_never_with_itself() -> None:
    _, pairs = rank_vocabulary(
        predict,
        {0: sentence("so", "so", "good")},
        np.array([1]),
        Absence("padding", 0),
        payoff="log_odds",
        class_names=NAMES,
    )
    assert list(zip(pairs["word_a"], pairs["word_b"], strict=True)) == [("good", "so")]
    assert pairs["count"].tolist() == [1]
    assert pairs["standard_error"].isna().all()


def test_what_is_sure_comes_first() -> None:
    table = pd.DataFrame({"phi": [-3.0, 2.0, 9.0, 0.5], "standard_error": [0.5, 0.25, float("nan"), 0.75]})
    assert sure_size(table, "phi").tolist() == [2.5, 1.75, 0.0, 0.0]
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
        columns=["absence", "class", "word", "phi"],
    )
    # sure: 3.25 - 0.25; doubtful: 2.5 - 3.5; then by size, the one seen once first.
    assert word_table(values, ["neg", "pos"])["word"].tolist() == ["sure", "seldom", "doubtful", "small"]
