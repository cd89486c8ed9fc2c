"""What training minimizes: cross-entropy and the terms that can be switched on beside it."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.objectives.adversarial import fgm_perturbation
    from whytrain.objectives.augmentation import Augmenter
    from whytrain.objectives.distillation import Distillation, DistillationSettings
    from whytrain.objectives.objective import Objective
else:
    __getattr__ = lazy_imports(__name__)

__all__ = ["Augmenter", "Distillation", "DistillationSettings", "Objective", "fgm_perturbation"]
