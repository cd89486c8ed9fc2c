"""Methods behind the interface of explainers, against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from whytrain.attribution.ask import Ask, fill_tables
from whytrain.attribution.explainer import check_explainers, explain
from whytrain.attribution.gradients.integrated_gradients import IntegratedGradients
from whytrain.attribution.random_scores import RandomScores
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.target import ClassTarget, payoffs
from whytrain.attribution.units import Units
from whytrain.errors import ConfigError
from whytrain.models.bilstm import BiLSTM
from whytrain.models.interface import ModelInterface
from whytrain.types import Inspection, Payoff

POSITIVE = ClassTarget(name="pos", index=1, payoff="log_odds")


class Quadratic(nn.Module):
    """Logits (0, s + s²) of the sum s of all tokens' embeddings, which are numbers: not linear, and known."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(torch.tensor(values)[:, None], freeze=False)

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        return self.inspect(self.embed(token_ids), mask).logits

    def embed(self, token_ids: Tensor) -> Tensor:
        embedded: Tensor = self.embedding(token_ids)
        return embedded

    def inspect(self, embeddings: Tensor, mask: Tensor | None) -> Inspection:
        total = embeddings.sum(dim=(1, 2))
        logits = torch.stack([torch.zeros_like(total), total + total**2], dim=1)
        return Inspection(logits=logits, hidden_states=embeddings, attention=None, attention_scores=None)


def test_integrated_gradients_of_a_quadratic_model_by_hand(
    make_interface: Callable[..., ModelInterface],
) -> None:
    # Ids 0 to 2 are special; 3 always stays, word one is token 4, word two tokens 5 and 6.
    model = Quadratic([0.5, 0.0, 0.0, 1.0, 2.0, -0.5, 1.5])
    players = Units(
        words=("one", "two"),
        token_ids=np.array([3, 4, 5, 6]),
        player_of_token=np.array([-1, 0, 1, 1]),
        n_words=(1, 1),
    )
    ask = Ask(make_interface(model, embeddings=True), players)
    (found,) = IntegratedGradients(baseline="padding", steps=8)(ask, POSITIVE, seed=0)
    # From s = 1 + 3·0.5 = 2.5 to 4; ∫ (1 + 2s) dα = 1 + 2.5 + 4, times each word's own way.
    np.testing.assert_allclose(found.scores, [7.5 * (2.0 - 0.5), 7.5 * (-0.5 - 0.5 + 1.5 - 0.5)], atol=1e-5)
    assert found.total == pytest.approx((2.5 + 2.5**2, 4 + 4**2))
    assert found.scores.sum() == pytest.approx(20 - 8.75, abs=1e-5)
    assert found.variant == "padding_baseline"
    (zero,) = IntegratedGradients(baseline="zero", steps=8)(ask, POSITIVE, seed=0)
    assert zero.total is not None
    assert zero.total[0] == pytest.approx(1 + 1)  # the token that always stays is there
    assert all(p.grad is None for p in model.parameters())


def test_integrated_gradients_sum_to_the_difference_and_leave_no_trace(
    make_model: Callable[..., BiLSTM],
    make_interface: Callable[..., ModelInterface],
    sentence: Callable[..., Units],
) -> None:
    model = make_model("attention", layer_norm=True)
    model.train()
    state = torch.get_rng_state()
    ask = Ask(make_interface(model, embeddings=True), sentence([1, 2, 1, 3, 1]))
    (found,) = IntegratedGradients(baseline="padding", steps=200)(ask, POSITIVE, seed=0)
    assert found.total is not None
    # 200 points: what is left is the arithmetic in float32.
    assert found.scores.sum() == pytest.approx(found.total[1] - found.total[0], abs=1e-3)
    assert model.training
    assert torch.equal(state, torch.get_rng_state())
    assert all(p.grad is None for p in model.parameters())
    (again,) = IntegratedGradients(baseline="padding", steps=200)(ask, POSITIVE, seed=1)
    np.testing.assert_array_equal(found.scores, again.scores)


@pytest.mark.parametrize("payoff", ["log_odds", "probability", "logit"])
def test_targets_with_and_without_gradients_agree(payoff: Payoff) -> None:
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    for index in range(4):
        target = ClassTarget(name="x", index=index, payoff=payoff)
        expected = payoffs(logits.numpy(), payoff, index)
        np.testing.assert_allclose(target.values(logits.numpy()), expected)
        # 1e-5: one is computed in float64, one in float32.
        np.testing.assert_allclose(target.of_tensor(logits).numpy(), expected, atol=1e-5)
    assert target.decisions(logits.numpy()).tolist() == logits.argmax(dim=1).tolist()


def test_shapley_values_and_pairs_against_their_definition(
    make_model: Callable[..., BiLSTM],
    make_interface: Callable[..., ModelInterface],
    sentence: Callable[..., Units],
) -> None:
    from math import comb

    ask = Ask(make_interface(make_model("mean")), sentence([1, 2, 1, 1]))
    padding, removed = Shapley(absences=None, exact_words=10, budget=1)(ask, POSITIVE, seed=0)
    assert (padding.variant, removed.variant) == ("padding", "removed")
    (first,) = Shapley(absences=None, exact_words=10, budget=1).first_variant(ask.model)(
        ask, POSITIVE, seed=0
    )
    np.testing.assert_array_equal(first.scores, padding.scores)
    for found in (padding, removed):
        kind = ask.removal(found.absence)

        def v(players: tuple[int, ...], kind: object = kind) -> float:
            present = np.array([[i in players for i in range(4)]])
            return float(POSITIVE.values(ask.logits(present, kind))[0])  # type: ignore[arg-type]

        for word in range(4):
            others = [i for i in range(4) if i != word]
            value = sum(
                (v((*s, word)) - v(s)) / (4 * comb(3, size))
                for size in range(4)
                for s in combinations(others, size)
            )
            assert found.scores[word] == pytest.approx(value, abs=1e-9)
        assert found.total == pytest.approx((v(()), v((0, 1, 2, 3))))
        assert found.pairs is not None
        assert found.tree is not None
        assert len(found.tree.tree.spans()) == 3


def test_long_texts_are_estimated_near_their_exact_values(
    make_model: Callable[..., BiLSTM],
    make_interface: Callable[..., ModelInterface],
    sentence: Callable[..., Units],
) -> None:
    model = make_interface(make_model("mean"))
    exact, estimate = (
        Shapley(absences=["padding"], exact_words=n, budget=2000)(
            Ask(model, sentence([1] * 9)), POSITIVE, seed=0
        )[0]
        for n in (9, 4)
    )
    assert estimate.standard_errors is not None
    # Standard errors are of the size of the errors: five of them are enough for nine words.
    assert (np.abs(estimate.scores - exact.scores) <= 5 * estimate.standard_errors + 1e-6).all()
    assert estimate.total == pytest.approx(exact.total, abs=1e-5)
    assert estimate.tree is not None
    assert len(estimate.tree.words) == 4


def test_tables_are_evaluated_once(
    make_interface: Callable[..., ModelInterface], sentence: Callable[..., Units]
) -> None:
    asked = []

    def predict(token_ids: Tensor, mask: Tensor | None) -> Tensor:
        asked.append(len(token_ids))
        return torch.stack([token_ids.sum(dim=1), token_ids.float().std(dim=1)], dim=1).float()

    asks = [Ask(make_interface(predict), sentence([1] * n, seed=n)) for n in (3, 4)]
    explainer = Shapley(absences=["padding"], exact_words=10, budget=1)
    explainer.prepare(asks, [POSITIVE] * 2)
    assert sum(asked) == 8 + 16
    for ask in asks:
        explain(ask, [explainer, RandomScores()], POSITIVE, seed=0)
        fill_tables([ask], ask.removal("padding"))
    assert sum(asked) == 8 + 16


@given(st.integers(0, 99), st.integers(0, 99))
def test_random_scores_are_the_same_for_the_same_question(seed: int, other: int) -> None:
    def draw(words: tuple[str, ...], seed: int, name: str = "pos") -> list[float]:
        players = Units(words=words, token_ids=np.arange(3), player_of_token=np.arange(3), n_words=(1, 1, 1))
        target = ClassTarget(name=name, index=1, payoff="log_odds")
        scores: list[float] = RandomScores()(Ask(None, players), target, seed=seed)[0].scores.tolist()  # type: ignore[arg-type]
        return scores

    words = ("a", "fine", "film")
    assert draw(words, seed) == draw(words, seed)
    assert draw(words, seed) != draw(("a", "dull", "film"), seed)
    assert draw(words, seed) != draw(words, seed, "neg")
    assert (draw(words, seed) == draw(words, other)) == (seed == other)


def test_methods_that_need_what_is_not_there_are_refused(
    make_interface: Callable[..., ModelInterface],
) -> None:
    model = make_interface(lambda token_ids, mask: token_ids[:, :2].float())
    methods = [Shapley(absences=None, exact_words=4, budget=1), IntegratedGradients(baseline="zero", steps=1)]
    with pytest.raises(ConfigError, match=r"^integrated_gradients needs a model that .* embeddings$"):
        check_explainers(methods, model)
    check_explainers(methods[:1], model)
    model.tokenizer.unknown_id = None  # type: ignore[misc]  # a decoder's: every text is in its vocabulary
    seen = replace(model, capabilities=replace(model.capabilities, embeddings=True))
    unknown = IntegratedGradients(baseline="unknown", steps=1)
    with pytest.raises(ConfigError, match="the tokenizer has no unknown token; choose another"):
        check_explainers([unknown], seen)
