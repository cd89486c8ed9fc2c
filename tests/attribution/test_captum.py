"""Methods against captum's own calls, and estimates against what they estimate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import captum.attr
import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnLinearRegression
from torch import Tensor, nn

from whytrain.attribution.ask import Ask
from whytrain.attribution.gradients.gradient import Gradient
from whytrain.attribution.gradients.input_x_gradient import InputXGradient
from whytrain.attribution.perturbation.kernel_shap import KernelShap
from whytrain.attribution.perturbation.lime import Lime
from whytrain.attribution.perturbation.occlusion import Occlusion
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.units import Units
from whytrain.models.interface import ModelInterface

TARGET = ClassTarget(name="two", index=2, payoff="log_odds")
N_WORDS = 7
Game = Callable[[Tensor], Tensor]


@pytest.fixture
def ask(
    make_model: Callable[..., nn.Module],
    make_interface: Callable[..., ModelInterface],
    sentence: Callable[..., Units],
) -> Ask:
    """Seven words, one of two wordpieces, read by a BiLSTM with attention and LayerNorm."""
    model = make_model("attention", layer_norm=True).eval()
    return Ask(make_interface(model, embeddings=True), sentence([1, 1, 2, 1, 1, 1, 1]))


@pytest.fixture
def game(ask: Ask) -> Game:
    """The target's value where words are blank, as captum wants it: presence (n, n_words) to (n,)."""
    return lambda present: torch.from_numpy(
        TARGET.values(ask.logits(present.numpy() > 0.5, ask.removal("padding")))
    )


def whole() -> Tensor:
    return torch.ones(1, N_WORDS)


@pytest.mark.parametrize("name", ["gradient", "input_x_gradient"])
def test_gradients_are_those_of_captum(ask: Ask, name: str) -> None:
    model = ask.model
    embeddings = model.embed(torch.from_numpy(ask.units.token_ids)[None]).detach().requires_grad_()

    def value(given: Tensor) -> Tensor:
        return TARGET.of_tensor(model.logits_of_embeddings(given, None))

    if name == "gradient":
        gradients = captum.attr.Saliency(value).attribute(embeddings, abs=False)[0]
        expected = np.sqrt(ask.units.sums(gradients.square().sum(dim=1)))
        (found,) = Gradient()(ask, TARGET, seed=0)
    else:
        products = captum.attr.InputXGradient(value).attribute(embeddings)[0]
        expected = ask.units.sums(products.sum(dim=1).detach())
        (found,) = InputXGradient()(ask, TARGET, seed=0)
    # The same float32 numbers, added up in float64 or float32.
    np.testing.assert_allclose(found.scores, expected, atol=1e-5)
    assert found.n_evaluations == 2


def test_occlusion_is_the_ablation_of_each_word(ask: Ask, game: Game) -> None:
    expected = captum.attr.FeatureAblation(game).attribute(whole())[0].numpy()
    (found,) = Occlusion(absence="padding")(ask, TARGET, seed=0)
    np.testing.assert_allclose(found.scores, expected, atol=1e-6)
    ask.table(ask.removal("padding"))
    (again,) = Occlusion(absence="padding")(ask, TARGET, seed=0)
    # From the table: prefixes are shared, and float32 numbers added in another order.
    np.testing.assert_allclose(again.scores, found.scores, atol=1e-5)
    assert found.n_evaluations == N_WORDS + 1


def test_kernel_shap_of_all_coalitions_is_the_shapley_value_and_near_captum(ask: Ask, game: Game) -> None:
    (exact,) = KernelShap(absence="padding", samples=128)(ask, TARGET, seed=0)
    (shapley,) = Shapley(absences=["padding"], exact_words=10, budget=1)(ask, TARGET, seed=0)
    assert exact.standard_errors is None
    assert exact.total == shapley.total
    np.testing.assert_allclose(exact.scores, shapley.scores, atol=1e-9)
    torch.manual_seed(0)
    captums = captum.attr.KernelShap(game).attribute(
        whole(), baselines=torch.zeros(1, N_WORDS), n_samples=600, perturbations_per_eval=600
    )
    # Captum's are drawn: at 600 samples their errors are up to a tenth of the largest score.
    np.testing.assert_allclose(captums[0], exact.scores, atol=0.25 * np.abs(exact.scores).max())


def test_lime_of_all_coalitions_is_the_limit_of_captums(ask: Ask, game: Game) -> None:
    (exact,) = Lime(absence="padding", samples=128, kernel_width=0.25)(ask, TARGET, seed=0)
    assert exact.standard_errors is None
    generator = np.random.default_rng(0)

    def perturbed(original: Tensor, **others: Any) -> Tensor:
        present = torch.zeros(1, N_WORDS)
        present[0, generator.permutation(N_WORDS)[: generator.integers(0, N_WORDS + 1)]] = 1
        return present

    def similarity(original: Tensor, other: Tensor, present: Tensor, **others: Any) -> Tensor:
        # The cosine of the angle between the presence and all ones.
        cosine = torch.nn.functional.cosine_similarity(present, torch.ones(1, N_WORDS)).item()
        return torch.tensor(np.exp(-((1 - cosine) ** 2) / (2 * 0.25**2)))

    captums = captum.attr.LimeBase(
        game,
        SkLearnLinearRegression(),
        similarity,
        perturbed,
        True,
        from_interp_rep_transform=lambda present, original, **others: present,
        to_interp_rep_transform=None,
    ).attribute(whole(), n_samples=1000, perturbations_per_eval=1000)
    (drawn,) = Lime(absence="padding", samples=120, kernel_width=0.25)(ask, TARGET, seed=0)
    assert drawn.standard_errors is not None
    # 1,000 samples have √(120 / 1000) of the standard error of 120.
    allowed = 5 * drawn.standard_errors * np.sqrt(120 / 1000)
    assert (np.abs(captums[0].numpy() - exact.scores) <= allowed).all()


@pytest.mark.parametrize(
    "method",
    [
        Lime(absence="padding", samples=100, kernel_width=0.25),
        KernelShap(absence="padding", samples=100),
    ],
    ids=lambda m: str(m.name),
)
def test_standard_errors_are_of_the_size_of_the_errors(ask: Ask, method: Lime | KernelShap) -> None:
    method_of_all = type(method)(**vars(method) | {"samples": 128})
    (exact,) = method_of_all(ask, TARGET, seed=0)  # type: ignore[misc]
    drawn = [method(ask, TARGET, seed=seed)[0] for seed in range(200)]
    errors = np.array([found.scores - exact.scores for found in drawn])
    claimed = np.sqrt(np.mean([found.standard_errors**2 for found in drawn], axis=0))
    spread = np.sqrt((errors**2).mean(axis=0))
    # 200 draws know a spread to 5%; the sandwich of 100 samples is an estimate, too.
    np.testing.assert_allclose(claimed, spread, rtol=0.25)
    assert (np.abs(errors.mean(axis=0)) < 5 * spread / np.sqrt(200)).all()
    if method.name == "kernel_shap":  # the constraint holds in every draw
        assert exact.total is not None
        for found in drawn:
            assert found.scores.sum() == pytest.approx(exact.total[1] - exact.total[0], abs=1e-5)


@pytest.mark.parametrize("n_words", [1, 2])
def test_texts_of_one_and_two_words(
    n_words: int,
    make_model: Callable[..., nn.Module],
    make_interface: Callable[..., ModelInterface],
    sentence: Callable[..., Units],
) -> None:
    ask = Ask(make_interface(make_model("mean"), embeddings=True), sentence([1] * n_words))
    (shapley,) = Shapley(absences=["padding"], exact_words=10, budget=1)(ask, TARGET, seed=0)
    (kernel,) = KernelShap(absence=None, samples=64)(ask, TARGET, seed=0)
    np.testing.assert_allclose(kernel.scores, shapley.scores, atol=1e-9)
    (lime,) = Lime(absence=None, samples=64, kernel_width=0.25)(ask, TARGET, seed=0)
    assert np.isfinite(lime.scores).all()
    if n_words == 1:  # two points, one line
        np.testing.assert_allclose(lime.scores, shapley.scores, atol=1e-9)
