"""What the explanations of an earlier run change in the training inputs."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.guidance.guidance import Explained, Guidance, guide
    from whytrain.guidance.guidance_settings import GuidanceSettings
    from whytrain.guidance.token_kinds import TokenKinds
    from whytrain.guidance.word_masking import mask_words
else:
    __getattr__ = lazy_imports(__name__)

__all__ = ["Explained", "Guidance", "GuidanceSettings", "TokenKinds", "guide", "mask_words"]
