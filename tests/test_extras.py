"""A feature whose package is not installed says what installs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from whytrain import extras
from whytrain.errors import ConfigError


def test_what_is_missing_is_told_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "nobody-has-this", ("sweeps", "ray"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigError, match=r"not installed, which is for sweeps; type: pip install 'whytrain\[ray\]'$"
    ):
        extras.require("nobody-has-this")
    for name in ("Makefile", "train.py"):
        (tmp_path / name).touch()
    with pytest.raises(ConfigError, match=r"type: make ray$"):
        extras.require("nobody-has-this")
    extras.require("captum")


def test_every_extra_is_one_of_the_package() -> None:
    import tomllib

    with (Path(__file__).parents[1] / "pyproject.toml").open("rb") as file:
        known = tomllib.load(file)["project"]["optional-dependencies"]
    assert {extra for _, extra in extras.EXTRAS.values()} - {""} <= set(known)
    makefile = (Path(__file__).parents[1] / "Makefile").read_text("utf-8")
    assert all(f"\n{target}: $(VENV)/.{target}" in makefile for target in extras._TARGETS)
