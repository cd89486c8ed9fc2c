"""Hints are commands that work when they are typed where the process was started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from whytrain.typed_commands import typed


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with an environment in it that is not activated, as after `make train`."""
    folder = tmp_path / "a checkout"
    for name in ("train.py", "explain.py", ".venv/bin/python", ".venv/bin/whytrain"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", str(folder / ".venv/bin/python"))
    monkeypatch.setattr(sys, "argv", ["train.py"])
    return folder


def test_scripts_of_a_checkout(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed("explain") == ".venv/bin/python explain.py"
    monkeypatch.setenv("PATH", str(checkout / ".venv/bin"))  # activated
    assert typed("explain") == "python explain.py"
    monkeypatch.chdir(checkout.parent)
    monkeypatch.setattr(sys, "argv", ["a checkout/train.py"])
    assert typed("explain") == "python 'a checkout/explain.py'"
    assert typed("doctor") == "whytrain doctor"  # it has no script


def test_the_installed_command(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(checkout / ".venv/bin/whytrain")])
    assert typed("compare") == ".venv/bin/whytrain compare"
    monkeypatch.setenv("PATH", str(checkout / ".venv/bin"))
    assert typed("compare") == "whytrain compare"


def test_the_module_without_its_command(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".venv/bin/whytrain").unlink()
    monkeypatch.setattr(sys, "argv", ["/site-packages/whytrain/__main__.py"])
    assert typed("train") == ".venv/bin/python -m whytrain train"


def test_the_command_of_another_environment_is_not_taken_for_ours(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = checkout / "other"
    other.mkdir()
    (other / "whytrain").touch(mode=0o755)
    (other / "python").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(other))
    assert typed("explain") == ".venv/bin/python explain.py"
    monkeypatch.setattr(sys, "argv", ["whytrain"])
    assert typed("explain") == ".venv/bin/whytrain explain"
