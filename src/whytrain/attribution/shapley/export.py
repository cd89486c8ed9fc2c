"""Our results as objects of shap and shapiq, and k-SII through shapiq; both packages are optional."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.coalitions import coalition_indices, n_players_of
from whytrain.attribution.shapley.values import Table
from whytrain.errors import ConfigError

if TYPE_CHECKING:
    import shap
    import shapiq


def to_shap(values: NDArray[np.float64], baseline: float, words: Sequence[str]) -> shap.Explanation:
    """Return Shapley values as a `shap.Explanation`.

    Args:
        values: float64 (n,), Shapley values.
        baseline: v(∅).
        words: the players' names (n,).

    Raises:
        ConfigError: the package shap is not installed.
    """
    package = _package("shap")
    # Each name keeps its space: shap's text plots join the pieces as they are.
    names = np.array([f"{word} " for word in words])
    explanation: shap.Explanation = package.Explanation(
        values=values, base_values=baseline, data=names, feature_names=list(words)
    )
    return explanation


def to_shapiq(
    values: NDArray[np.float64], interactions: NDArray[np.float64], baseline: float
) -> shapiq.InteractionValues:
    """Return Shapley values and pairwise interactions as `shapiq.InteractionValues` (index SII, order 2).

    Args:
        values: float64 (n,), Shapley values.
        interactions: float64 (n, n), pairwise Shapley interaction indices.
        baseline: v(∅).

    Raises:
        ConfigError: the package shapiq is not installed.
    """
    package = _package("shapiq")
    n_players = len(values)
    first, second = np.triu_indices(n_players, 1)
    players: list[tuple[int, ...]] = [(i,) for i in range(n_players)]
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    lookup = {key: position for position, key in enumerate([(), *players, *pairs])}
    result: shapiq.InteractionValues = package.InteractionValues(
        values=np.concatenate([[baseline], values, interactions[first, second]]),
        index="SII",
        max_order=2,
        min_order=0,
        n_players=n_players,
        interaction_lookup=lookup,
        estimated=False,
        baseline_value=baseline,
    )
    return result


def k_sii(table: Table, order: int) -> shapiq.InteractionValues:
    """k-Shapley interaction values up to an order: they sum to v(N) − v(∅).

    Args:
        table: float64 (2^n,), payoffs; bit i of the index = player i is present.
        order: k, at least 1.

    Raises:
        ConfigError: the package shapiq is not installed.

    References:
        Bordt, von Luxburg (2023), From Shapley values to generalized additive models and back.
    """
    package = _package("shapiq")
    computer = package.ExactComputer(
        n_players=n_players_of(len(table)), game=lambda present: table[coalition_indices(present != 0)]
    )
    result: shapiq.InteractionValues = computer("k-SII", order)
    return result


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"this needs the package {name}, which is not installed: pip install {name}"
        ) from error
