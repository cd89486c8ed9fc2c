"""Single units of a layer: what they respond to, and what the answer loses without them."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.neurons.ablation import Ablation, ablate, decisiveness
    from whytrain.neurons.maximization import maximize
    from whytrain.neurons.projection import project
    from whytrain.neurons.ranking import Ranking, estimated_effects, ranked
    from whytrain.neurons.responses import read_phrases, word_effects
    from whytrain.neurons.unit_values import Activations, activations, contributions
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "Ablation",
    "Activations",
    "Ranking",
    "ablate",
    "activations",
    "contributions",
    "decisiveness",
    "estimated_effects",
    "maximize",
    "project",
    "ranked",
    "read_phrases",
    "word_effects",
]
