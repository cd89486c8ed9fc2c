r"""Which training texts moved a prediction while it was learned: TracIn over weights of some epochs.

A step on the training text z with learning rate η changes the loss of another text z' by about
−η ∇ℓ(z)·∇ℓ(z'). Summed over the weights θ_k that were kept, with their learning rates η_k,

    TracIn(z, z') = Σ_k η_k ∇ℓ(θ_k, z) · ∇ℓ(θ_k, z')

is by how much z lowered the loss of z': above 0 a proponent, below 0 an opponent. z with itself is its
self-influence, large where a text was learned against all others: rare, or labeled wrong.

References:
    Pruthi, Liu, Kale, Sundararajan (2020), Estimating training data influence by tracing gradient descent,
    section 3; of the word embeddings: Yeh, Taly, Sundararajan, Liu, Ravikumar (2022), First is better than
    last for language data influence.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
from numpy.typing import NDArray

from whytrain.data.encoded import EncodedSplit
from whytrain.influence.gradients import Layer, read_gradients
from whytrain.models.interface import ModelInterface
from whytrain.tasks import Task

LEARNING_RATE = "learning_rate"  # in the metadata of a file of weights

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """A model at some moment of its training.

    Attributes:
        name: of the moment, such as `epoch-003`.
        model: with the weights of that moment.
        learning_rate: of the steps that it stands for.
    """

    name: str
    model: ModelInterface
    learning_rate: float


def read_checkpoints(model: ModelInterface, files: Mapping[str, Path]) -> Iterator[Checkpoint]:
    """Yield a model with the weights of each file, one after the other: the next one overwrites the last.

    Args:
        model: of the same training, left as it is.
        files: of tensors by name, with the learning rate in their metadata; none: the model as it stands.
    """
    if not files:
        yield Checkpoint(name="best", model=model, learning_rate=1.0)
        return
    moved = replace(model, module=copy.deepcopy(model.module))
    for name, path in files.items():
        safetensors.torch.load_model(moved.module, path)
        with safetensors.safe_open(path, "pt") as file:
            rate = float((file.metadata() or {}).get(LEARNING_RATE, 1.0))
        yield Checkpoint(name=name, model=moved, learning_rate=rate)


def tracin(
    checkpoints: Iterable[Checkpoint],
    train: EncodedSplit,
    asked: EncodedSplit,
    task: Task,
    layer: Layer = "last",
) -> Array:
    """Return by how much each training text lowered the loss of each text that is asked about, in nats.

    Args:
        checkpoints: of the training; each is read through once.
        train: the training texts.
        asked: texts with the labels whose loss is meant.
        task: whose loss it is.
        layer: whose gradients are taken.

    Returns:
        float64 (n_asked, n_train).

    Raises:
        ConfigError: the model has no such layer.
    """
    total = np.zeros((len(asked), len(train)))
    for checkpoint in checkpoints:
        of_asked = list(read_gradients(checkpoint.model, asked, task, layer))
        for rows, gradients in read_gradients(checkpoint.model, train, task, layer):
            for own, theirs in of_asked:
                products = theirs.products(gradients).double().numpy()
                total[np.ix_(own.numpy(), rows.numpy())] += checkpoint.learning_rate * products
    return total


def self_influence(
    checkpoints: Iterable[Checkpoint], train: EncodedSplit, task: Task, layer: Layer = "last"
) -> Array:
    """Return by how much each training text lowered its own loss, float64 (n_train,); see `tracin`."""
    total = np.zeros(len(train))
    for checkpoint in checkpoints:
        for rows, gradients in read_gradients(checkpoint.model, train, task, layer):
            total[rows.numpy()] += checkpoint.learning_rate * gradients.squares.double().numpy()
    return total
