"""The linear layer that a classifier ends with: what it is given of each row, and what it makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from whytrain.data.batch_plan import evaluation_plan
from whytrain.data.encoded import EncodedSplit
from whytrain.errors import ConfigError
from whytrain.models.batch_runner import BATCH_SIZE, split_of
from whytrain.models.evaluation import evaluating
from whytrain.models.interface import ModelInterface, family_of


class ReadBatch(NamedTuple):
    """Rows at the end of a model.

    Attributes:
        rows: int64 (batch,), the position of each in its split.
        inputs: (batch, size), what the last layer is given, with a 1 behind it where the layer has a bias.
        logits: (batch, n_classes).
        labels: (batch,) or (batch, n_labels).
    """

    rows: Tensor
    inputs: Tensor
    logits: Tensor
    labels: Tensor


class Call(NamedTuple):
    """What a layer was asked, without gradients."""

    layer: nn.Linear
    inputs: Tensor
    output: Tensor


def read_last_layer(model: ModelInterface, split: EncodedSplit) -> Iterator[ReadBatch]:
    """Yield every row once, in batches from short to long sentences, without dropout.

    Raises:
        ConfigError: the model does not end with a linear layer that is given one vector per text.
    """
    layer = last_linear(model)
    with evaluating(model), calls_of([layer]) as calls:
        for rows in evaluation_plan(split.lengths, BATCH_SIZE):
            batch = split.batch(rows)
            logits = model(batch.token_ids, batch.mask)
            inputs = calls[-1].inputs
            calls.clear()
            if len(inputs) != len(rows):
                raise ConfigError("a text that is read in windows has no single vector that is classified")
            if layer.bias is not None:
                inputs = torch.cat([inputs, inputs.new_ones(len(rows), 1)], dim=1)
            yield ReadBatch(batch.rows, inputs, logits, batch.labels)


def last_linear(model: ModelInterface) -> nn.Linear:
    """Return the layer whose output are the logits, in any order of the classes.

    Raises:
        ConfigError: there is none.
    """
    batch = split_of(["a b", "c"], model).batch(np.arange(2))
    with evaluating(model), calls_of(model.module.modules()) as calls:
        logits = model(batch.token_ids, batch.mask).sort(dim=1).values
    for call in reversed(calls):
        output = call.output.sort(dim=-1).values
        if output.shape == logits.shape and torch.allclose(output, logits, atol=1e-5):
            return call.layer
    raise ConfigError(
        f"the model {family_of(model.module)} does not end with a linear layer that is given one vector per "
        "text: what is asked of its last layer is not possible with it"
    )


@contextmanager
def calls_of(modules: Iterable[nn.Module]) -> Iterator[list[Call]]:
    """Collect what linear layers among modules are given and return, in the order in which they are asked."""
    calls: list[Call] = []

    def note(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(layer, nn.Linear)
        calls.append(Call(layer, inputs[0].detach(), output.detach()))

    hooks = [m.register_forward_hook(note) for m in modules if isinstance(m, nn.Linear)]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()
