"""Why a model says what it says: units, removals, targets, and one method per file or folder."""

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution, Pairs, PhraseTree, Quantity
from whytrain.attribution.deletion import Deletion
from whytrain.attribution.explainer import Explainer, Explanation, explain
from whytrain.attribution.target import ClassTarget, Target

__all__ = [
    "Ask",
    "Attribution",
    "ClassTarget",
    "Deletion",
    "Explainer",
    "Explanation",
    "Pairs",
    "PhraseTree",
    "Quantity",
    "Target",
    "explain",
]
