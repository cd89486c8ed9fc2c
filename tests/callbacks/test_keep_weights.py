"""Weights of a few epochs are kept with the learning rate of the steps that they stand for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import safetensors
import safetensors.torch
import torch
from small import small_bilstm

from whytrain.callbacks.keep_weights import KeepWeights
from whytrain.callbacks.observer import evenly_spread
from whytrain.tracking.memory_store import MemoryStore


@pytest.mark.parametrize(
    ("n", "last", "kept"), [(3, 6, {2, 4, 6}), (3, 5, {2, 3, 5}), (1, 7, {7}), (5, 2, {1, 2}), (0, 4, set())]
)
def test_epochs_are_spread_evenly(n: int, last: int, kept: set[int]) -> None:
    assert evenly_spread(n, last) == kept


class Noting(MemoryStore):
    """Keeps what is logged as files."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: dict[str, dict[str, torch.Tensor]] = {}
        self.rates: dict[str, str] = {}

    def log_artifact(self, local_path: Any, directory: str | None = None) -> None:
        name = f"{directory}/{local_path.name}"
        self.weights[name] = safetensors.torch.load_file(local_path)
        with safetensors.safe_open(local_path, "pt") as file:
            self.rates[name] = file.metadata()["learning_rate"]


def trained(callback: KeepWeights, rates: list[list[float]]) -> Noting:
    """Run a training whose epochs have these learning rates."""
    store = Noting()
    trainer: Any = SimpleNamespace(
        is_global_zero=True,
        logger=SimpleNamespace(experiment=store),
        max_epochs=len(rates),
        current_epoch=0,
        sanity_checking=False,
        optimizers=[SimpleNamespace(param_groups=[{"lr": 0.0}])],
    )
    module: Any = SimpleNamespace(model=small_bilstm())
    callback.on_fit_start(trainer, module)
    for epoch, steps in enumerate(rates):
        trainer.current_epoch = epoch
        for rate in steps:
            trainer.optimizers[0].param_groups[0]["lr"] = rate
            callback.on_train_batch_end(trainer, module, None, None, 0)
        with torch.no_grad():
            module.model.classifier.bias.fill_(epoch + 1)
        callback.on_validation_end(trainer, module)
    return store


def test_weights_and_rates() -> None:
    store = trained(KeepWeights(epochs=2, megabytes=1), [[0.1, 0.3], [0.2, 0.2], [0.1, 0.1], [0.0, 0.2]])
    assert list(store.weights) == ["checkpoints/epoch-002.safetensors", "checkpoints/epoch-004.safetensors"]
    assert [float(rate) for rate in store.rates.values()] == pytest.approx([0.2, 0.1])
    assert [f["classifier.bias"].tolist() for f in store.weights.values()] == [[2.0] * 3, [4.0] * 3]


def test_large_models_keep_fewer() -> None:
    size = sum(w.numel() * 4 for w in small_bilstm().state_dict().values()) / 1e6
    assert list(trained(KeepWeights(epochs=3, megabytes=1.5 * size), [[0.1]] * 3).weights) == [
        "checkpoints/epoch-003.safetensors"
    ]
    assert trained(KeepWeights(epochs=3, megabytes=0.5 * size), [[0.1]] * 3).weights == {}


def test_a_resumed_run_knows_the_rates_so_far() -> None:
    first, second = (KeepWeights(epochs=1, megabytes=1) for _ in range(2))
    trained(first, [[0.5]])
    first._rates = [0.5, 0.3]
    second.load_state_dict(first.state_dict())
    assert list(trained(second, [[0.1]]).rates.values()) == ["0.3"]
