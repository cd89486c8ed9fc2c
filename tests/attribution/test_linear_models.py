"""Methods on a model that is linear in its words, where every word's share is known: they must all find it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.gradients.gradient import Gradient
from whytrain.attribution.gradients.input_x_gradient import InputXGradient
from whytrain.attribution.gradients.integrated_gradients import IntegratedGradients
from whytrain.attribution.perturbation.kernel_shap import KernelShap
from whytrain.attribution.perturbation.lime import Lime
from whytrain.attribution.perturbation.occlusion import Occlusion
from whytrain.attribution.perturbation.permutation import Permutation
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.units import Units
from whytrain.models.interface import ModelInterface
from whytrain.types import Inspection

POSITIVE = ClassTarget(name="pos", index=1, payoff="log_odds")
SIZE = 3


class LinearBag(nn.Module):
    """Logits (0, w · Σ x_t) of the tokens' embeddings x, of which padding is 0."""

    def __init__(self) -> None:
        super().__init__()
        drawn = torch.Generator().manual_seed(0)
        values = torch.randn(60, SIZE, generator=drawn)
        values[0] = 0
        self.embedding = nn.Embedding.from_pretrained(values, freeze=False)
        self.weight = nn.Parameter(torch.randn(SIZE, generator=drawn))

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        return self.inspect(self.embed(token_ids), mask).logits

    def embed(self, token_ids: Tensor) -> Tensor:
        embedded: Tensor = self.embedding(token_ids)
        return embedded

    def inspect(self, embeddings: Tensor, mask: Tensor | None) -> Inspection:
        there = embeddings if mask is None else embeddings * mask[..., None]
        value = there.sum(dim=1) @ self.weight
        logits = torch.stack([torch.zeros_like(value), value], dim=1)
        return Inspection(logits=logits, hidden_states=embeddings, attention=None, attention_scores=None)


@pytest.fixture
def model() -> LinearBag:
    return LinearBag()


def by_hand(model: LinearBag, units: Units) -> np.ndarray:
    """w · x of each word's tokens."""
    of_token = (model.embedding.weight @ model.weight).detach().double().numpy()[units.token_ids]
    return units.sums(of_token)


METHODS: list[Explainer] = [
    Shapley(absences=["padding"], exact_words=10, budget=1),
    Occlusion(absence="padding"),
    Occlusion(absence="removed"),
    InputXGradient(),
    IntegratedGradients(baseline="padding", steps=4),
    IntegratedGradients(baseline="zero", steps=4),
    Lime(absence=None, samples=1024, kernel_width=0.25),  # exact
    Lime(absence=None, samples=64, kernel_width=0.25),  # drawn
    KernelShap(absence="removed", samples=1024),
    KernelShap(absence="padding", samples=64),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: f"{m.name}-{list(vars(m).values())}")
def test_methods_that_must_agree_on_a_linear_model(
    method: Explainer,
    model: LinearBag,
    make_interface: Callable[..., ModelInterface],
    sentence: Callable[..., Units],
) -> None:
    units = sentence([1, 3, 1, 2, 1, 1, 1, 1])
    found: Attribution = method(Ask(make_interface(model, embeddings=True), units), POSITIVE, seed=0)[0]
    # 1e-5: float32 logits of size 5.
    np.testing.assert_allclose(found.scores, by_hand(model, units), atol=1e-5)
    if found.standard_errors is not None:  # other samples would say the same
        np.testing.assert_allclose(found.standard_errors, 0, atol=1e-5)
    if found.total is not None:
        assert found.scores.sum() == pytest.approx(found.total[1] - found.total[0], abs=1e-5)


def test_the_gradient_of_a_linear_model_is_its_weight(
    model: LinearBag, make_interface: Callable[..., ModelInterface], sentence: Callable[..., Units]
) -> None:
    units = sentence([1, 4, 1])
    (found,) = Gradient()(Ask(make_interface(model, embeddings=True), units), POSITIVE, seed=0)
    # ‖w‖ for one token; of four tokens √4 times as long.
    length = float(model.weight.detach().norm())
    np.testing.assert_allclose(found.scores, [length, 2 * length, length], rtol=1e-6)
    assert not found.quantity.signed


def test_a_permuted_word_differs_from_the_mean_word(
    model: LinearBag, make_interface: Callable[..., ModelInterface], sentence: Callable[..., Units]
) -> None:
    units = sentence([1, 2, 1])
    others = ((7,), (8, 9), (7,), (30,))
    value = (model.embedding.weight @ model.weight).detach().double().numpy()
    each = np.array([value[list(ids)].sum() for ids in others])
    interface = make_interface(model, embeddings=True, reference_words=others)
    (found,) = Permutation(draws=4000, texts=None)(Ask(interface, units), POSITIVE, seed=0)
    assert found.standard_errors is not None
    # The error of a mean of 4,000 draws with the spread of the four words, known exactly.
    np.testing.assert_allclose(found.standard_errors, each.std() / np.sqrt(4000), rtol=0.1)
    assert (np.abs(found.scores - (by_hand(model, units) - each.mean())) < 5 * found.standard_errors).all()
    (again,) = Permutation(draws=4000, texts=None)(Ask(interface, units), POSITIVE, seed=0)
    np.testing.assert_array_equal(found.scores, again.scores)
    (other,) = Permutation(draws=4000, texts=None)(Ask(interface, units), POSITIVE, seed=1)
    assert np.abs(found.scores - other.scores).max() > 0


def test_texts_in_a_batch_have_the_gradients_of_each_alone(
    make_model: Callable[..., nn.Module],
    make_interface: Callable[..., ModelInterface],
    sentence: Callable[..., Units],
) -> None:
    interface = make_interface(make_model("attention", layer_norm=True), embeddings=True)
    texts = [sentence([1] * n, seed=n) for n in (7, 2, 4, 7)]
    targets = [ClassTarget(name=str(k), index=k, payoff="log_odds") for k in (0, 1, 2, 1)]
    for method in (Gradient(), InputXGradient()):
        together, alone = ([Ask(interface, units) for units in texts] for _ in range(2))
        method.prepare(together, targets)
        for one, other, target in zip(together, alone, targets, strict=True):
            assert one._gradients
            found, expected = (method(ask, target, seed=0)[0].scores for ask in (one, other))
            # 1e-5: padding changes the order in which float32 numbers are added.
            np.testing.assert_allclose(found, expected, atol=1e-5)
