"""The choices of a config group whose files are named as their sections are: methods, scores, analyses."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml

from whytrain.config.validation import did_you_mean
from whytrain.errors import ConfigError

Group = Literal["analysis", "explainer", "score"]

_CONF = Path(__file__).parents[1] / "conf"
_NOUNS: dict[Group, str] = {"analysis": "analysis", "explainer": "method", "score": "score"}


def choices_of(group: Group) -> list[str]:
    """Return the names of all choices, sorted."""
    return sorted(path.stem for path in (_CONF / group).glob("*.yaml"))


def section_of(group: Group, name: str) -> dict[str, Any]:
    """Return a choice's section of a config, `_target_` and settings.

    Raises:
        ConfigError: there is no such choice.
    """
    if name not in choices_of(group):
        raise ConfigError(f"{name}: no such {_NOUNS[group]}; {did_you_mean(name, choices_of(group))}")
    path = _CONF / group / f"{name}.yaml"
    section: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))[name]
    return section


def every_section(group: Group) -> dict[str, dict[str, Any]]:
    """Return the sections of all choices by name."""
    return {name: section_of(group, name) for name in choices_of(group)}
