"""What explanations of an earlier run, and marks, change in a training: its sentences and what they weigh."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.guidance.guidance import Guidance, guide
    from whytrain.guidance.guidance_settings import GuidanceSettings
    from whytrain.guidance.token_kinds import TokenKinds
    from whytrain.guidance.training_rows import Named, TrainingRows
    from whytrain.guidance.word_masking import mask_words
else:
    __getattr__ = lazy_imports(__name__)

__all__ = ["Guidance", "GuidanceSettings", "Named", "TokenKinds", "TrainingRows", "guide", "mask_words"]
