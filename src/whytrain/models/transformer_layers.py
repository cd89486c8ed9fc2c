"""A `transformers` classifier layer by layer, seen and set through hooks on its stack of layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

from torch import Tensor, nn

from whytrain.models.layers import EMBEDDINGS, POOLED, Layers, LayerStates, Replacement
from whytrain.models.transformer_reading import FromEmbeddings, read_embeddings


def through_layers(
    network: Any,
    embeddings: Tensor,
    mask: Tensor | None,
    reading: FromEmbeddings,
    replacement: Replacement | None,
) -> LayerStates:
    """Run a network on word embeddings (batch, n_tokens, size).

    Layers: `embeddings` (of the words, before positions are added), `layer 1`, … and `pooled`, what the last
    linear layer reads. They are numbered as they are computed: a layer whose weights are shared (ALBERT) is
    one at each time.

    Raises:
        NotImplementedError: its layers are no single stack, or no linear layer ends it.
    """
    if reading == "equal_lengths":
        raise NotImplementedError("sentences of different length are run apart")
    stack, head = _stack(network), _head(network)
    layers = Layers(replacement)
    with ExitStack() as hooks:
        numbers = count(1)
        for layer in stack:
            hooks.enter_context(_passing(layer, numbers, layers))
        hooks.enter_context(_passing_inputs(head, layers))
        logits = read_embeddings(network, layers.passed(EMBEDDINGS, embeddings), mask, reading).logits
    if "layer 1" not in layers.states:  # Funnel: the list that was found is only a list
        raise NotImplementedError(f"{type(network).__name__} has no single stack of layers")
    bias = head.bias if head.bias is not None else logits.new_zeros(logits.shape[1])
    return LayerStates(logits=logits, states=layers.states, head_weight=head.weight, head_bias=bias)


def _stack(network: Any) -> nn.ModuleList:
    config = network.config
    n_groups = getattr(config, "num_hidden_groups", None)  # ALBERT: a group runs many times
    n_layers = n_groups or config.num_hidden_layers
    found = [m for m in network.modules() if isinstance(m, nn.ModuleList) and len(m) == n_layers]
    if n_groups is not None:
        found = found[:1]  # the outermost: the layers within a group may be as many
    if len(found) != 1 or getattr(config, "is_encoder_decoder", False):
        raise NotImplementedError(f"{type(network).__name__} has no single stack of layers")
    return found[0]


def _head(network: Any) -> nn.Linear:
    inside = set(network.base_model.modules())
    n_classes = network.config.num_labels
    outside = [m for m in network.modules() if m not in inside and isinstance(m, nn.Linear)]
    if not outside or outside[-1].out_features != n_classes:
        raise NotImplementedError(f"{type(network).__name__} ends in no linear layer")
    return outside[-1]


@contextmanager
def _passing(layer: nn.Module, numbers: Iterator[int], layers: Layers) -> Iterator[None]:
    def hook(_: nn.Module, __: Any, output: Any) -> Any:
        name = f"layer {next(numbers)}"
        if isinstance(output, tuple):
            return (layers.passed(name, output[0]), *output[1:])
        return layers.passed(name, output)

    handle = layer.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _passing_inputs(head: nn.Linear, layers: Layers) -> Iterator[None]:
    def hook(_: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        if inputs[0].ndim != 2:
            raise NotImplementedError("the last linear layer reads every token")
        return (layers.passed(POOLED, inputs[0].unsqueeze(1)).squeeze(1),)

    handle = head.register_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()
