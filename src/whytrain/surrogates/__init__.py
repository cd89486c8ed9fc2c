"""Small readable surrogates of a network: their features, rules, and how far they can be trusted."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.surrogates.features import Feature, FeatureTable
    from whytrain.surrogates.fidelity import Fidelity, r_squared
    from whytrain.surrogates.rules import Condition, Rule, rules_of
    from whytrain.surrogates.sampling import balanced_rows
    from whytrain.surrogates.surrogates import Surrogate, fit_surrogate
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "Condition",
    "Feature",
    "FeatureTable",
    "Fidelity",
    "Rule",
    "Surrogate",
    "balanced_rows",
    "fit_surrogate",
    "r_squared",
    "rules_of",
]
