"""The dropout of a model's layers, and its ramp over a training."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn


def dropout_rates(model: nn.Module) -> dict[str, float]:
    """Return the rate of every layer that drops out, by name; those inside stacked recurrent layers too.

    Where some layers drop and others have a rate of 0, the latter were switched off and are left out.
    """
    rates: dict[str, float] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Dropout):
            rates[name] = module.p
        elif isinstance(module, nn.RNNBase) and module.num_layers > 1:
            rates[name] = module.dropout
    return {name: rate for name, rate in rates.items() if rate > 0} or rates


def ramp_dropout(model: nn.Module, rates: Mapping[str, float], end: float, share: float) -> None:
    """Set each layer of `rates` so far on the way from its own rate to a common end.

    Args:
        model: the model.
        rates: what `dropout_rates` returned before the training.
        end: the rate at share 1.
        share: of the way, 0 to 1.
    """
    for name, rate in rates.items():
        layer = model.get_submodule(name)
        probability = rate + share * (end - rate)
        if isinstance(layer, nn.RNNBase):
            layer.dropout = probability
        else:
            layer.p = probability  # type: ignore[assignment]  # nn.Module types its attributes loosely
