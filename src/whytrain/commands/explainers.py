"""The methods that a command line chooses, explainer=[shapley,integrated_gradients], or all there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whytrain.errors import ConfigError

if TYPE_CHECKING:
    from whytrain.attribution.explainer import Explainer
    from whytrain.models.saved import SavedModel


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


def infilled(saved: SavedModel, section: Mapping[str, Any], seed: int) -> SavedModel:
    """Return a classifier whose absent words the checked section `infill` fills in, if it names a model."""
    if section["name_or_path"] is None:
        return saved
    from whytrain.config.signatures import import_target

    settings = dict(section)
    read = import_target(settings.pop("_target_"))
    return replace(saved, infill=read(**settings, seed=seed, device=str(saved.interface.device)))
