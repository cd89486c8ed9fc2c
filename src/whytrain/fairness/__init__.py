"""Whether a model treats people alike: shares by group, and identity terms in each other's place."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.fairness.groups import Disparity, GroupRate, disparities, group_rates
    from whytrain.fairness.swaps import filled_templates, mentions, swapped_sentences
    from whytrain.fairness.term_effects import Effect, Gap, answered, effects, gaps
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "Disparity",
    "Effect",
    "Gap",
    "GroupRate",
    "answered",
    "disparities",
    "effects",
    "filled_templates",
    "gaps",
    "group_rates",
    "mentions",
    "swapped_sentences",
]
