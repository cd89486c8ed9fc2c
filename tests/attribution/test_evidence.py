"""What explanations say to those who act on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from whytrain.attribution.ask import Ask
from whytrain.attribution.evidence import attention_concentration, sentence_evidence
from whytrain.attribution.explainer import explain
from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.shapley.table import coalition_logits
from whytrain.attribution.tables import ExplainedSentence
from whytrain.attribution.target import ClassTarget, payoffs
from whytrain.attribution.units import Units
from whytrain.models.interface import ModelInterface

PADDING = Removal(name="padding", replacement_id=0)


def additive(weights: list[float]) -> Callable[[Tensor, Tensor | None], Tensor]:
    """The log-odds of class 1 are the sum of the weights of the tokens present, minus 0.5."""
    values = torch.tensor([0.0, *weights])

    def predict(token_ids: Tensor, mask: Tensor | None) -> Tensor:
        odds = values[token_ids].sum(dim=1) - 0.5
        return torch.stack([torch.zeros_like(odds), odds], dim=1)

    return predict


def players(n: int) -> Units:
    ids = np.arange(1, n + 1)
    return Units(words=tuple(f"w{i}" for i in ids), token_ids=ids, player_of_token=ids - 1, n_words=(1,) * n)


Explained = Callable[..., ExplainedSentence]


@pytest.fixture
def explained(make_interface: Callable[..., ModelInterface]) -> Explained:
    """Explain a sentence of an additive model."""

    def make(weights: list[float], label: int, exact_words: int = 10) -> ExplainedSentence:
        (explanation,) = explain(
            Ask(make_interface(additive(weights)), players(len(weights))),
            [Shapley(absences=["padding"], exact_words=exact_words, budget=500)],
            ClassTarget(name=f"class {label}", index=label, payoff="log_odds"),
            seed=0,
        )
        return ExplainedSentence(split="train", sentence_id="s1", label=label, explanation=explanation)

    return make


def test_a_sentence_by_hand(explained: Explained) -> None:
    (reading,) = sentence_evidence([explained([0.25, -1.0, 3.0, 0.5, 0.25], 1)])
    np.testing.assert_allclose(reading.scores, [0.25, -1.0, 3.0, 0.5, 0.25], atol=1e-6)
    assert reading.top_words == (2, 1)
    assert reading.top1_share == pytest.approx(3 / 5)
    assert reading.top2_share == pytest.approx(4 / 5)
    np.testing.assert_allclose(reading.part_shares, [0.25, 0.7, 0.05], atol=1e-6)
    # With all words 3 − 0.5 > 0; without the third 0 − 0.5 < 0; without it and the second 1 − 0.5 > 0.
    without = reading.prediction_without_top, reading.prediction_without_top_two
    assert (reading.prediction, *without) == (1, 0, 1)
    assert (reading.sentence_id, reading.variant, reading.label) == ("s1", "padding", 1)


def test_a_sentence_in_which_nothing_matters(explained: Explained) -> None:
    (reading,) = sentence_evidence([explained([0.0, 0.0, 0.0], 0)])
    assert np.isnan([reading.top1_share, reading.top2_share, *reading.part_shares]).all()
    assert reading.prediction_without_top_two == reading.prediction == 0


def test_long_sentences_are_evaluated_without_their_top_two_words(explained: Explained) -> None:
    weights = np.random.default_rng(0).normal(size=14).tolist()
    for label in (0, 1):
        explanation = explained(weights, label, exact_words=4).explanation
        assert explanation.attribution.standard_errors is not None
        top = np.argsort(-np.abs(explanation.attribution.scores))[:2]
        present = np.ones((2, 14), dtype=bool)
        present[0, top[0]] = present[1, top] = False
        logits = coalition_logits(additive(weights), players(14), present, PADDING)
        expected = logits.argmax(axis=1).tolist()
        found = explanation.deletion.prediction_without_top, explanation.deletion.prediction_without_top_two
        assert list(found) == expected
        assert payoffs(logits, "log_odds", 1)[1] == pytest.approx(
            sum(np.delete(weights, top)) - 0.5, abs=1e-5
        )


def test_attention_is_concentrated_or_even() -> None:
    weights = [np.full(7, 1 / 7), np.array([0.0, 1.0]), np.array([0.9, 0.1])]
    even, one, most = attention_concentration(weights)
    assert even == pytest.approx(0.0, abs=1e-12)
    assert one == 1.0
    assert most == pytest.approx(1 + (0.9 * np.log(0.9) + 0.1 * np.log(0.1)) / np.log(2))
