"""What each layer of a model knows: linear probes with controls."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.probing.negation import is_negation, negation_scope
    from whytrain.probing.study import ProbedLayer, ProbedTask, probe_layers, randomized
    from whytrain.probing.tasks import ProbeTask
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "ProbeTask",
    "ProbedLayer",
    "ProbedTask",
    "is_negation",
    "negation_scope",
    "probe_layers",
    "randomized",
]
