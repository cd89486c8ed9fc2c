"""Teaching the amortized network, and learning on other sentences how far it errs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from annotated_types import Ge, Interval
from numpy.typing import NDArray
from torch import Tensor, nn

from whytrain.attribution.amortized.batches import Reader, Seen, batch_of, of_like_length
from whytrain.attribution.amortized.examples import Example, affordable, make_examples
from whytrain.attribution.amortized.games import Games
from whytrain.attribution.amortized.network import AmortizedNetwork
from whytrain.attribution.amortized.trained import Measured, TrainedExplainer, relative_errors
from whytrain.attribution.removal import Removal
from whytrain.attribution.units import Units
from whytrain.errors import DataError
from whytrain.models.interface import ModelInterface

Array = NDArray[np.float64]
Progress = Callable[[Iterable[int], str, int], Iterable[int]]  # steps, what they are, their number

_BATCH = 64  # sentences
_POOL = 16 * _BATCH  # sentences of which batches of like length are made
_LEARNING_RATE = 3e-3
_JUDGED = 0.3  # share of the evaluations for the sentences on which errors are measured
_JUDGED_ORDERS = 16  # orders of such a sentence: its own error must be small beside what is measured
_FEWEST = 100  # judged sentences: half of them teach the error, half scale it
_ERROR_STEPS = 300


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How much is spent.

    Attributes:
        budget: evaluations of the model for all sentences together.
        orders: orders of the words of a training sentence, each with its reversal; many sentences of a few
            orders teach more than a few exact ones.
        epochs: passes over the training sentences.
        coverage: share of texts whose error shall be at most the predicted one.
        seed: of weights, orders and batches.
    """

    budget: Annotated[int, Ge(20_000)]
    orders: Annotated[int, Ge(2)]
    epochs: Annotated[int, Ge(1)]
    coverage: Annotated[float, Interval(gt=0, lt=1)]
    seed: Annotated[int, Ge(0)]


def silent(steps: Iterable[int], what: str, total: int) -> Iterable[int]:
    """Show no progress."""
    return steps


def train_amortized(
    model: ModelInterface,
    games: Games,
    absence: Removal,
    train: Iterable[Units],
    judged: Iterable[Units],
    settings: TrainingSettings,
    *,
    progress: Progress = silent,
) -> TrainedExplainer:
    """Train on as many sentences as the budget allows.

    Args:
        model: whose values are learned; it must show its states.
        games: what is learned.
        absence: what stands where a word is absent.
        train: sentences in the order in which they are taken, as far as the budget reaches.
        judged: likewise other sentences, like those that will be explained, on which errors are measured.
        settings: how much is spent.
        progress: shows steps of work, their name and number.

    Raises:
        DataError: there are too few sentences to learn from or to judge by.
    """
    generator = np.random.default_rng([settings.seed, 0xA11])
    for_judged = int(settings.budget * _JUDGED)
    judged = affordable(judged, _JUDGED_ORDERS, for_judged)
    train = affordable(train, settings.orders, settings.budget - for_judged)
    if min(len(judged), len(train)) < _FEWEST:
        raise DataError(
            f"amortized: {len(train)} sentences to learn from and {len(judged)} to judge by are too few, "
            f"{_FEWEST} of each are needed: raise training.budget ({settings.budget:,}), or give more data"
        )

    def examples(sentences: Sequence[Units], n_orders: int, what: str) -> list[Example]:
        made = make_examples(model, sentences, games, absence, n_orders=n_orders, generator=generator)
        counted = progress(range(len(sentences)), what, len(sentences))
        return [example for _, example in zip(counted, made, strict=True)]

    taught = examples(train, settings.orders, "values of training sentences")
    tested = examples(judged, _JUDGED_ORDERS, "values of held-out sentences")
    reader = Reader(model, games, absence)
    seen = _read(reader, taught)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = AmortizedNetwork(n_features=seen[0].features.shape[1], n_games=len(games))
        _fit_values(network, seen, taught, settings, generator, progress)
        half = len(tested) // 2
        of_tested = _read(reader, tested)
        _fit_errors(network, of_tested[:half], tested[:half])
    network.eval()
    trained = TrainedExplainer(
        network=network,
        games=games,
        absence=absence.name,
        scales=np.ones(len(games)),
        coverage=settings.coverage,
        longest=max(len(example.units.token_ids) for example in [*taught, *tested]),
        measured=Measured(
            n_train=len(taught), n_judged=len(tested), relative_error=0.0, rank_correlation=0.0
        ),
        n_evaluations=sum(example.n_evaluations for example in [*taught, *tested]),
    )
    return trained.scaled(of_tested[half:], tested[half:])


def _read(reader: Reader, examples: Sequence[Example]) -> list[Seen]:
    """Run the model over sentences, those of like length together."""
    found: dict[int, Seen] = {}
    for rows in of_like_length([len(example.units.token_ids) for example in examples]):
        found |= dict(zip(rows, reader([examples[row].units for row in rows]), strict=True))
    return [found[row] for row in range(len(examples))]


def _fit_values(
    network: AmortizedNetwork,
    seen: Sequence[Seen],
    examples: Sequence[Example],
    settings: TrainingSettings,
    generator: np.random.Generator,
    progress: Progress,
) -> None:
    lengths = np.array([len(one.unit_of_token) for one in seen])
    _solve_linear(network, seen, examples)
    epochs = [_batches(lengths, generator) for _ in range(settings.epochs)]
    steps = [rows for batches in epochs for rows in batches]
    usual = np.mean([np.abs(example.values).mean(axis=0) for example in examples], axis=0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=len(steps))
    network.train()
    for step in progress(range(len(steps)), "training the explainer", len(steps)):
        rows = steps[step]
        targets, weights = _targets([examples[row] for row in rows], usual)
        values, _ = network(batch_of([seen[row] for row in rows]), targets.shape[1])
        loss = (weights * (values - targets).square()).sum() / weights.gt(0).sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def _batches(lengths: NDArray[np.int64], generator: np.random.Generator) -> list[list[int]]:
    """Return rows in batches of like length, in random order."""
    order = generator.permutation(len(lengths))
    batches: list[list[int]] = []
    for start in range(0, len(order), _POOL):
        pool = order[start : start + _POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + _BATCH].tolist() for i in range(0, len(pool), _BATCH)]
    return [batches[i] for i in generator.permutation(len(batches))]


def _targets(examples: Sequence[Example], usual: Array) -> tuple[Tensor, Tensor]:
    """Return values (batch, n_words, n_games) and their weights: errors count relative to a text's sizes.

    w = 1 / (s² + σ²): s, the mean |φ| of the text between its own and the usual one, σ the standard error.
    """
    shape = (len(examples), max(len(example.values) for example in examples), len(usual))
    targets, weights = np.zeros(shape), np.zeros(shape)
    for row, example in enumerate(examples):
        n, size = len(example.values), (np.abs(example.values).mean(axis=0) + usual) / 2 + 1e-6
        targets[row, :n] = example.values
        weights[row, :n] = 1 / (size**2 + example.standard_errors**2)
    return torch.from_numpy(targets).float(), torch.from_numpy(weights).float()


def _fit_errors(network: AmortizedNetwork, seen: Sequence[Seen], examples: Sequence[Example]) -> None:
    """Teach the second head the logarithm of the relative error, on sentences that the first has not seen."""
    network.eval()
    n_units = max(len(example.values) for example in examples)
    with torch.no_grad():
        values, hints = network(batch_of(seen), n_units)
        errors = torch.from_numpy(relative_errors(values.double().numpy(), examples)).log().float()
        last = network.error[-1]
        assert isinstance(last, nn.Linear)
        last.bias.copy_(errors.median(dim=0).values)
        last.weight.zero_()
    optimizer = torch.optim.AdamW(network.error.parameters(), lr=_LEARNING_RATE, weight_decay=0.1)
    for _ in range(_ERROR_STEPS):
        loss = (network.error(hints) - errors).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _solve_linear(network: AmortizedNetwork, seen: Sequence[Seen], examples: Sequence[Example]) -> None:
    """Begin with what is linear in the features of a word's tokens: weighted ridge regression, at once."""
    n_features = network.linear.in_features
    gram, products = torch.zeros(n_features, n_features), torch.zeros(n_features, network.n_games)
    for one, example in zip(seen, examples, strict=True):
        of_word = torch.zeros(len(example.values) + 1, n_features)
        of_word.index_add_(0, torch.from_numpy(one.unit_of_token + 1), one.features)
        features = of_word[1:] / (np.abs(example.values).mean() + 1e-6)
        gram += features.T @ features
        products += (
            features.T @ torch.from_numpy(example.values / (np.abs(example.values).mean() + 1e-6)).float()
        )
    gram.diagonal().add_(1e-3 * gram.diagonal().mean())
    with torch.no_grad():
        network.linear.weight.copy_(torch.linalg.solve(gram, products).T)
        network.linear.bias.zero_()
        network.values.weight.zero_()
        network.values.bias.zero_()
