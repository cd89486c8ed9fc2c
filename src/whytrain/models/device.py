"""Where a model computes: a device by its name, known to be there before anything is loaded."""

from __future__ import annotations

import torch

from whytrain.errors import ConfigError
from whytrain.types import DeviceName


def device_named(name: DeviceName) -> torch.device:
    """Return a device of this machine; `auto` is its accelerator, or the CPU where there is none.

    Raises:
        ConfigError: the machine has no such device.
    """
    is_there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    found = [kind for kind, there in is_there.items() if there]
    if name == "auto":
        return torch.device(found[0])
    if name not in found:
        raise ConfigError(f"device={name}: this machine has none; choices: auto, {', '.join(found)}")
    return torch.device(name)
