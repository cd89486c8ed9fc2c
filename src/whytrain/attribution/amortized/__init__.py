"""Shapley values in one pass, by a small network of the model's own that learned them from its data."""

from whytrain.attribution.amortized.explainer import Amortized
from whytrain.attribution.amortized.training import TrainingSettings, train_amortized

__all__ = ["Amortized", "TrainingSettings", "train_amortized"]
