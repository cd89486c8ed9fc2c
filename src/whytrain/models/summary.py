"""What a model consists of: its layers with their real shapes and parameters, seen in one forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from whytrain.models.evaluation import evaluating

Shape = tuple[int, ...]
# Modules that do their work themselves: what they own is part of them.
_WHOLE = (nn.RNNBase, nn.MultiheadAttention)


@dataclass(frozen=True, kw_only=True)
class LayerSummary:
    """One layer.

    Attributes:
        name: its path in the model, e.g. `bert.encoder.layer.0-11` for twelve equal ones in a row.
        kind: the class, e.g. `LSTM`; `function` for what the model computes between two modules.
        input_shape: of the first tensor that came in; empty where the layer did not run.
        output_shape: of the first tensor that came out.
        n_parameters: counted once, even where layers share them.
        trainable: some of its parameters have a gradient; False without parameters.
        details: sizes, number of heads, probability of dropout, or what a composite layer holds.
        repeats: number of equal layers folded into this one.
    """

    name: str
    kind: str
    input_shape: Shape
    output_shape: Shape
    n_parameters: int
    trainable: bool
    details: str
    repeats: int = 1


@dataclass(frozen=True, kw_only=True)
class ModelSummary:
    """A model's layers in the order of their first call, those that did not run last.

    Attributes:
        kind: class of the model.
        layers: the layers; their parameters add up to `n_parameters`.
        input_shape: (batch, n_tokens) of the token ids.
        n_parameters: all parameters.
        n_trainable: those with a gradient.
        n_embedding: those of all embeddings.
    """

    kind: str
    layers: tuple[LayerSummary, ...]
    input_shape: Shape
    n_parameters: int
    n_trainable: int
    n_embedding: int


@dataclass(kw_only=True)
class _Call:
    order: int
    input_shape: Shape
    output_shape: Shape
    count: int = 1


def summarize(model: nn.Module, token_ids: Tensor) -> ModelSummary:
    """Return the layers of a model with the shapes that one forward pass shows.

    The model is left as it was: its modes, hooks and gradients, and the random generators.

    Args:
        model: called as `model(token_ids, None)`: any of this project, or a Hugging Face classifier.
        token_ids: int64 (batch, n_tokens), without padding; one sentence is enough.
    """
    calls = _trace(model, token_ids)
    seen: set[int] = set()
    layers = [_layer(names, modules, calls, seen) for names, modules in _layers("", model)]
    layers += list(_loose_parameters(model, seen))
    first_call = {id(module): call.order for module, call in calls.items()}
    modules_of = dict(model.named_modules())
    last = len(calls)
    layers.sort(key=lambda layer: first_call.get(id(modules_of.get(_first_name(layer))), last))
    parameters = list(model.parameters())
    embeddings = [module for module in model.modules() if isinstance(module, nn.Embedding)]
    return ModelSummary(
        kind=type(model).__name__,
        layers=tuple(_with_pooling(model, layers)),
        input_shape=tuple(token_ids.shape),
        n_parameters=sum(p.numel() for p in parameters),
        n_trainable=sum(p.numel() for p in parameters if p.requires_grad),
        n_embedding=sum(p.numel() for p in {id(e.weight): e.weight for e in embeddings}.values()),
    )


def _trace(model: nn.Module, token_ids: Tensor) -> dict[nn.Module, _Call]:
    """Run the model once and note what went into and came out of each module."""
    calls: dict[nn.Module, _Call] = {}

    def note(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: object) -> None:
        if module in calls:
            calls[module].count += 1
            calls[module].output_shape = _shape(output)
        else:
            calls[module] = _Call(
                order=len(calls), input_shape=_shape((args, kwargs)), output_shape=_shape(output)
            )

    def number(module: nn.Module, _: object) -> None:
        order.setdefault(module, len(order))

    order: dict[nn.Module, int] = {}
    device = token_ids.device
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=[device] if device.type == "cuda" else []))
        stack.enter_context(evaluating(model))
        for module in model.modules():
            stack.callback(module.register_forward_pre_hook(number).remove)
            stack.callback(module.register_forward_hook(note, with_kwargs=True).remove)
        model(token_ids, None)
    return {module: replace(call, order=order[module]) for module, call in calls.items()}


def _layers(name: str, module: nn.Module) -> Iterator[tuple[list[str], list[nn.Module]]]:
    """Yield the layers of a module: containers are opened, equal layers in a row stay together."""
    children = [(f"{name}.{child}" if name else child, m) for child, m in module.named_children()]
    if not children or isinstance(module, _WHOLE):
        yield [name], [module]
        return
    if isinstance(module, nn.ModuleList) and len(children) > 1 and len({_form(m) for _, m in children}) == 1:
        yield [child for child, _ in children], [m for _, m in children]
        return
    for child, inner in children:
        # Without a list of layers below it is one idea (an attention, a head), unless it is a mere wrapping.
        wrapping = len(children) == 1 and not isinstance(module, nn.ModuleList)
        if wrapping or any(isinstance(below, nn.ModuleList) for below in inner.modules()):
            yield from _layers(child, inner)
        else:
            yield [child], [inner]


def _form(module: nn.Module) -> str:
    shapes = [(name, tuple(p.shape)) for name, p in module.named_parameters()]
    return f"{type(module).__name__} {shapes}"


def _layer(
    names: list[str], modules: list[nn.Module], calls: dict[nn.Module, _Call], seen: set[int]
) -> LayerSummary:
    module = modules[0]
    own = [p for m in modules for p in m.parameters() if id(p) not in seen]
    own = list({id(p): p for p in own}.values())
    seen.update(id(p) for p in own)
    first, last = calls.get(modules[0]), calls.get(modules[-1])
    name = names[0] if len(names) == 1 else f"{names[0]}-{names[-1].rsplit('.', 1)[-1]}"
    details = _details(module)
    if first is None:
        details = f"{details}; not called as a module".lstrip("; ")
    elif first.count > 1:
        details = f"{details}; called {first.count} times".lstrip("; ")
    return LayerSummary(
        name=name or type(module).__name__,
        kind=type(module).__name__,
        input_shape=first.input_shape if first else (),
        output_shape=last.output_shape if last else (),
        n_parameters=sum(p.numel() for p in own),
        trainable=any(p.requires_grad for p in own),
        details=details,
        repeats=len(modules),
    )


def _loose_parameters(model: nn.Module, seen: set[int]) -> Iterator[LayerSummary]:
    """Yield the parameters that an opened container holds itself."""
    for name, parameter in model.named_parameters():
        if id(parameter) not in seen:
            shape = tuple(parameter.shape)
            yield LayerSummary(
                name=name,
                kind="Parameter",
                input_shape=(),
                output_shape=shape,
                n_parameters=parameter.numel(),
                trainable=parameter.requires_grad,
                details="a parameter of its own",
            )


def _with_pooling(model: nn.Module, layers: list[LayerSummary]) -> Iterator[LayerSummary]:
    """Add the step from one vector per token to one per sentence where it is no module."""
    for i, layer in enumerate(layers):
        before = layers[i - 1].output_shape if i else ()
        after = layer.input_shape
        if len(before) == 3 and len(after) == 2 and before[::2] == after:
            details = model.extra_repr() or "tokens to one vector"
            yield LayerSummary(
                name="pooling",
                kind="function",
                input_shape=before,
                output_shape=after,
                n_parameters=0,
                trainable=False,
                details=details,
            )
        yield layer


def _first_name(layer: LayerSummary) -> str:
    return layer.name if layer.repeats == 1 else layer.name.rsplit("-", 1)[0]


def _shape(value: object) -> Shape:
    """Return the shape of the first tensor in nested tuples and mappings, () without one."""
    if isinstance(value, Tensor):
        return tuple(value.shape)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return next((shape for part in parts if (shape := _shape(part))), ())


def _details(module: nn.Module) -> str:  # noqa: PLR0911 (one per kind of layer)
    if isinstance(module, nn.Embedding):
        return f"{module.num_embeddings:,} × {module.embedding_dim}"
    if isinstance(module, nn.RNNBase):
        directions = 2 if module.bidirectional else 1
        layers = f", {module.num_layers} layers" if module.num_layers > 1 else ""
        return f"{module.input_size} → {directions} × {module.hidden_size}{layers}"
    if isinstance(module, nn.MultiheadAttention):
        return f"{module.num_heads} heads of {module.head_dim}"
    if isinstance(module, nn.Linear):
        return f"{module.in_features} → {module.out_features}"
    if isinstance(module, nn.LayerNorm):
        return " × ".join(str(size) for size in module.normalized_shape)
    if isinstance(module, nn.Dropout):
        return f"p = {module.p:g}"
    leaves = [type(m).__name__ for m in module.modules() if not list(m.children()) and m is not module]
    return ", ".join(dict.fromkeys(leaves)) if leaves else module.extra_repr()
