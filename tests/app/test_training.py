"""Runs that train in the background."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from whytrain.app.training import Training


class Ended:
    """A process that is done."""

    returncode = 0

    def __init__(self, *_: Any, **__: Any) -> None:
        """Start nothing."""

    def wait(self) -> int:
        return 0


def test_what_has_ended_cannot_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", Ended)
    plan: Any = SimpleNamespace(name="next", folder=tmp_path, words=(), write=lambda corpus: None)
    training = Training(plan, None)
    assert training._ended.wait(10)
    training.stop()
    assert training.state == "finished"


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("reading the data\n", None),
        ("epoch 1/2\nstopped by SIGTERM; go on with: whytrain train resume=1f\n", "whytrain train resume=1f"),
    ],
)
def test_only_what_left_a_checkpoint_can_go_on(
    said: str, command: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", Ended)
    plan: Any = SimpleNamespace(name="next", folder=tmp_path, words=(), write=lambda corpus: None)
    training = Training(plan, None)
    training.log.write_text(said)
    assert training.next_step == command
