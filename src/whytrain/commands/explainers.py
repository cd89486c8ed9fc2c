"""The methods that a command line chooses, explainer=[shapley,integrated_gradients], or all there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whytrain.errors import ConfigError

if TYPE_CHECKING:
    from whytrain.attribution.explainer import Explainer


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
    from whytrain.attribution.explainer import make_explainer

    return [make_explainer(section) for section in sections.values()]
