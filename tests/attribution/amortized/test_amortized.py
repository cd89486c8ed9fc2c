"""Predicted Shapley values: against known ones, with an error that is kept on new sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from whytrain.attribution.amortized import Amortized, TrainingSettings, train_amortized
from whytrain.attribution.amortized.batches import Reader
from whytrain.attribution.amortized.examples import make_examples
from whytrain.attribution.amortized.games import Games
from whytrain.attribution.amortized.trained import FOLDER, TrainedExplainer, relative_errors
from whytrain.attribution.ask import Ask
from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.target import ClassTarget, ContrastTarget, LabelTarget, payoffs
from whytrain.attribution.units import Units
from whytrain.errors import DataError
from whytrain.models.interface import ModelInterface
from whytrain.types import Inspection

PADDING = Removal(name="padding", replacement_id=0)
POSITIVE = ClassTarget(name="pos", index=1, payoff="log_odds")
TWO = Games(n_outputs=2, exclusive=True)
SETTINGS = TrainingSettings(budget=40_000, orders=4, epochs=6, coverage=0.9, seed=0)


class Bag(nn.Module):
    """Logits (0, w · Σ x_t) of the tokens' embeddings; with `bend` each neighbor pair adds a product."""

    def __init__(self, *, bend: float) -> None:
        super().__init__()
        drawn = torch.Generator().manual_seed(0)
        values = torch.randn(60, 6, generator=drawn)
        values[0] = 0
        self.embedding = nn.Embedding.from_pretrained(values)
        self.weight, self.bend = nn.Parameter(torch.randn(6, generator=drawn)), bend

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        return self.inspect(self.embed(token_ids), mask).logits

    def embed(self, token_ids: Tensor) -> Tensor:
        embedded: Tensor = self.embedding(token_ids)
        return embedded

    def inspect(self, embeddings: Tensor, mask: Tensor | None) -> Inspection:
        there = embeddings if mask is None else embeddings * mask[..., None]
        of_token = there @ self.weight
        value = of_token.sum(dim=1) + self.bend * (of_token[:, 1:] * of_token[:, :-1]).sum(dim=1)
        logits = torch.stack([torch.zeros_like(value), value], dim=1)
        return Inspection(logits=logits, hidden_states=there, attention=None, attention_scores=None)


def sentences(sentence: Callable[..., Units], first: int) -> Iterator[Units]:
    rng = np.random.default_rng(first)
    while True:
        yield sentence([1] * int(rng.integers(3, 8)), seed=int(rng.integers(2**31)))


def trained_on(model: ModelInterface, sentence: Callable[..., Units]) -> TrainedExplainer:
    train = (units for units, _ in zip(sentences(sentence, 1), range(900), strict=False))
    judged = (units for units, _ in zip(sentences(sentence, 2), range(240), strict=False))
    return train_amortized(model, TWO, PADDING, train, judged, SETTINGS)


@pytest.fixture(scope="module")
def linear(make_interface: Callable[..., ModelInterface]) -> ModelInterface:
    return make_interface(Bag(bend=0.0), embeddings=True)


@pytest.fixture(scope="module")
def bent(make_interface: Callable[..., ModelInterface]) -> ModelInterface:
    return make_interface(Bag(bend=0.3), embeddings=True)


@pytest.fixture(scope="module")
def bent_trained(bent: ModelInterface, sentence: Callable[..., Units]) -> TrainedExplainer:
    return trained_on(bent, sentence)


def test_a_linear_model_is_learned_whole(linear: ModelInterface, sentence: Callable[..., Units]) -> None:
    trained, reader = trained_on(linear, sentence), Reader(linear, TWO, PADDING)
    of_token = (linear.module.embedding.weight @ linear.module.weight).detach().double().numpy()  # type: ignore[union-attr, operator]
    errors = []
    for units, _ in zip(sentences(sentence, 3), range(50), strict=False):
        known = units.sums(of_token[units.token_ids])
        # Tokens of no word are there in every coalition, and no word's.
        found = trained.predict(reader([units]))[0].values[:, 0]
        errors.append(np.abs(found - known).sum() / np.abs(known).sum())
    # What is linear is solved at once; the rest is what some steps of stochastic descent add in noise.
    assert np.mean(errors) < 0.05
    assert trained.measured.rank_correlation > 0.98


def test_values_sum_to_what_all_words_add_and_errors_are_kept(
    bent: ModelInterface, bent_trained: TrainedExplainer, sentence: Callable[..., Units]
) -> None:
    fresh = [units for units, _ in zip(sentences(sentence, 4), range(200), strict=False)]
    drawn = np.random.default_rng(0)
    exact = [*make_examples(bent, fresh, TWO, PADDING, n_orders=10**6, generator=drawn)]
    reader = Reader(bent, TWO, PADDING)
    found = [bent_trained.predict(reader([units]))[0] for units in fresh]
    for prediction, example in zip(found, exact, strict=True):
        total = (prediction.full - prediction.empty)[0]
        assert abs(prediction.values.sum() - total) < 1e-9
        assert abs(example.values.sum() - total) < 1e-5  # of float32 logits
    errors = np.array([relative_errors(p.values[None], [e])[0, 0] for p, e in zip(found, exact, strict=True)])
    kept = errors <= np.array([p.errors[0] for p in found])
    # 0.9, give or take three standard deviations of 100 judged and 200 fresh sentences together.
    assert 0.78 < kept.mean() <= 1.0
    assert errors.mean() < 0.35
    # It knows which sentences are hard.
    guessed = np.array([p.errors[0] for p in found])
    assert errors[guessed > np.median(guessed)].mean() > errors[guessed <= np.median(guessed)].mean()


def test_batches_change_nothing(
    bent: ModelInterface, bent_trained: TrainedExplainer, sentence: Callable[..., Units]
) -> None:
    reader = Reader(bent, TWO, PADDING)
    several = [sentence([1, 2, 1]), sentence([1] * 7, seed=1), sentence([3, 1], seed=2)]
    together = bent_trained.predict(reader(several))
    for units, prediction in zip(several, together, strict=True):
        alone = bent_trained.predict(reader([units]))[0]
        assert prediction.values.shape == (len(units), 1)
        np.testing.assert_allclose(prediction.values, alone.values, atol=1e-5)
        np.testing.assert_allclose(prediction.errors, alone.errors, rtol=1e-4)


def test_an_estimate_is_unbiased_and_its_error_real(
    bent: ModelInterface, sentence: Callable[..., Units]
) -> None:
    units, drawn = sentence([1] * 7), np.random.default_rng(0)
    (exact,) = make_examples(bent, [units], TWO, PADDING, n_orders=10**6, generator=drawn)
    estimates = [*make_examples(bent, [units] * 200, TWO, PADDING, n_orders=3, generator=drawn)]
    assert exact.n_evaluations == 128
    assert {e.n_evaluations for e in estimates} == {2 + 2 * 3 * 6}
    assert not exact.standard_errors.any()
    values = np.stack([e.values for e in estimates])
    # Pairs alone interact: each order with its reversal is exact (Mitchell et al. 2022).
    np.testing.assert_allclose(values, np.broadcast_to(exact.values, values.shape), atol=1e-5)


def test_the_method_explains_from_its_folder_or_falls_back(
    bent: ModelInterface, bent_trained: TrainedExplainer, sentence: Callable[..., Units], tmp_path: Path
) -> None:
    method = Amortized(largest_error=100.0, exact_words=8, budget=100)
    assert "whytrain amortize" in (method.missing(bent) or "")
    bent_trained.save(tmp_path / FOLDER)
    assert sorted(path.suffix for path in (tmp_path / FOLDER).iterdir()) == [".json", ".safetensors"]
    model, units = replace(bent, additions={FOLDER: tmp_path / FOLDER}), sentence([1] * 6)
    assert method.missing(model) is None
    asks = [Ask(model, units), Ask(model, sentence([1, 1, 2], seed=5))]
    method.prepare(asks, [POSITIVE] * 2)
    (found,) = method(asks[0], POSITIVE, seed=0)
    predicted = bent_trained.predict(Reader(bent, TWO, PADDING)([units]))[0]
    np.testing.assert_allclose(found.scores, predicted.values[:, 0], atol=1e-6)
    assert found.relative_error == pytest.approx(predicted.errors[0], rel=1e-5)
    assert found.note == ""
    assert found.total is not None
    assert found.scores.sum() == pytest.approx(found.total[1] - found.total[0], abs=1e-9)
    assert (found.method, found.variant, found.n_evaluations) == ("amortized", "padding", 2)
    (exact,) = Shapley(absences=["padding"], exact_words=8, budget=100)(Ask(model, units), POSITIVE, seed=0)
    careful = Amortized(largest_error=1e-6, exact_words=8, budget=100)
    probability = ClassTarget(name="pos", index=1, payoff="probability")
    long = sentence([1] * 8, seed=6)  # longer than all that it learned from
    for explainer, asked, target, why in (
        (careful, units, POSITIVE, "above the 0% allowed"),
        (method, units, probability, "predicts no shares of"),
        (method, long, POSITIVE, "no text as long as this"),
    ):
        (fallen,) = explainer(Ask(model, asked), target, seed=0)
        assert (fallen.method, fallen.relative_error, fallen.standard_errors) == ("amortized", None, None)
        assert fallen.pairs is None
        assert fallen.tree is None
        assert why in fallen.note
    (fallen,) = careful(Ask(model, units), POSITIVE, seed=0)
    np.testing.assert_allclose(fallen.scores, exact.scores)


def test_too_few_sentences_say_so(bent: ModelInterface, sentence: Callable[..., Units]) -> None:
    few = [sentence([1, 1])] * 20
    with pytest.raises(DataError, match="20 sentences to learn from and 20 to judge by"):
        train_amortized(bent, TWO, PADDING, few, few, SETTINGS)


@pytest.mark.parametrize(
    "games", [TWO, Games(n_outputs=4, exclusive=True), Games(n_outputs=3, exclusive=False)]
)
def test_targets_are_sums_of_games(games: Games) -> None:
    logits = np.random.default_rng(0).normal(size=(50, games.n_outputs))
    values = games.values(logits)
    assert values.shape == (50, len(games))
    for index in range(games.n_outputs):
        if not games.exclusive:
            target = LabelTarget(name="a", index=index, payoff="log_odds")
            np.testing.assert_allclose(values @ games.weights(target), logits[:, index])
            continue
        for payoff in ("log_odds", "logit"):
            one = ClassTarget(name="a", index=index, payoff=payoff)
            np.testing.assert_allclose(
                values @ games.weights(one), payoffs(logits, payoff, index), atol=1e-12
            )
        for other in {*range(games.n_outputs)} - {index}:
            two = ContrastTarget(name="a", index=index, other=other, payoff="log_odds")
            np.testing.assert_allclose(
                values @ games.weights(two), logits[:, index] - logits[:, other], atol=1e-12
            )
    assert games.weights(ClassTarget(name="a", index=0, payoff="probability")) is None
