"""What would have to change for another answer: the fewest words that go, or become others."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.counterfactuals.candidates import Candidates
    from whytrain.counterfactuals.contrast import contrast_consistency, contrast_rows
    from whytrain.counterfactuals.deletions import LeastDeletions, least_deletions, least_sets
    from whytrain.counterfactuals.fluency import Fluency
    from whytrain.counterfactuals.substitutions import Counterfactual, Substitutions, least_substitutions
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "Candidates",
    "Counterfactual",
    "Fluency",
    "LeastDeletions",
    "Substitutions",
    "contrast_consistency",
    "contrast_rows",
    "least_deletions",
    "least_sets",
    "least_substitutions",
]
