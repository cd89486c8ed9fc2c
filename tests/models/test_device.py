"""A device is chosen by name, and one that is not there is refused in one line."""

from __future__ import annotations

import pytest
import torch

from whytrain.errors import ConfigError
from whytrain.models.device import device_named
from whytrain.types import DeviceName


def on_a_machine(patch: pytest.MonkeyPatch, *, cuda: bool, mps: bool) -> None:
    patch.setattr(torch.cuda, "is_available", lambda: cuda)
    patch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "name", "found"),
    [
        (False, False, "auto", "cpu"),
        (False, True, "auto", "mps"),
        (True, False, "auto", "cuda"),
        (True, False, "cpu", "cpu"),
        (True, False, "cuda", "cuda"),
    ],
)
def test_by_name(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, name: DeviceName, found: str
) -> None:
    on_a_machine(monkeypatch, cuda=cuda, mps=mps)
    assert device_named(name) == torch.device(found)


def test_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_machine(monkeypatch, cuda=False, mps=True)
    with pytest.raises(ConfigError, match=r"^device=cuda: this machine has none; choices: auto, mps, cpu$"):
        device_named("cuda")
    with pytest.raises(ConfigError, match=r"^device=gpu: "):
        device_named("gpu")  # type: ignore[arg-type]
