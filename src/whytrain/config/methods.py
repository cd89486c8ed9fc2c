"""The methods of explanation by name: their settings stand in conf/explainer alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from whytrain.config.validation import did_you_mean
from whytrain.errors import ConfigError

_CONF = Path(__file__).parents[1] / "conf" / "explainer"


def method_names() -> list[str]:
    """Return the names of all methods."""
    return sorted(path.stem for path in _CONF.glob("*.yaml"))


def method_section(name: str) -> dict[str, Any]:
    """Return a method's section of a config, `_target_` and settings.

    Raises:
        ConfigError: there is no such method.
    """
    if name not in method_names():
        raise ConfigError(f"{name}: no such method; {did_you_mean(name, method_names())}")
    section: dict[str, Any] = yaml.safe_load((_CONF / f"{name}.yaml").read_text("utf-8"))[name]
    return section
