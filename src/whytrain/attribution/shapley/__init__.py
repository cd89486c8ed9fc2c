"""Shapley values, interactions and interaction trees, exact from a text's coalition table."""

from whytrain.attribution.shapley.coalitions import coalition_indices, membership
from whytrain.attribution.shapley.interaction_tree import InteractionTree, interaction_tree
from whytrain.attribution.shapley.values import pair_interactions, shapley_values

__all__ = [
    "InteractionTree",
    "coalition_indices",
    "interaction_tree",
    "membership",
    "pair_interactions",
    "shapley_values",
]
