"""The methods of explanation that a command line chooses: explainer=[shapley,integrated_gradients]."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.utils import instantiate

from whytrain.commands.command_line import tell
from whytrain.errors import ConfigError

if TYPE_CHECKING:
    from whytrain.attribution.explainer import Explainer

# Keys of earlier versions, and what they are called now.
MOVED = {name: f"explainer.shapley.{name}" for name in ("absences", "exact_words", "budget")}


def refuse_moved_keys(words: Iterable[str], primary: Path) -> None:
    """End the process with one line about a key of the command line that is called otherwise now."""
    for word in words:
        key = word.partition("=")[0].lstrip("+~")
        if key in MOVED:
            sys.exit(tell(ConfigError(f"{key} is called {MOVED[key]} now"), primary))


def chosen_methods(sections: dict[str, dict[str, Any]] | None) -> dict[str, dict[str, Any]]:
    """Return the sections of the methods that are chosen: others hold a command's settings for them alone.

    Raises:
        ConfigError: none is chosen.
    """
    chosen = {name: section for name, section in (sections or {}).items() if "_target_" in section}
    if not chosen:
        raise ConfigError("explainer: expected at least one method, such as explainer=[shapley]; got none")
    return chosen


def make_explainers(sections: dict[str, dict[str, Any]]) -> list[Explainer]:
    """Make the methods of checked sections."""
    return [instantiate(section, _convert_="all") for section in sections.values()]
