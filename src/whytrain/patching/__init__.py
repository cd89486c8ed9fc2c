"""Which state carries a word's effect: states patched between two sentences."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.patching.pairs import Pair, pair_of, without_word
    from whytrain.patching.patch import Patched, patched
else:
    __getattr__ = lazy_imports(__name__)

__all__ = ["Pair", "Patched", "pair_of", "patched", "without_word"]
