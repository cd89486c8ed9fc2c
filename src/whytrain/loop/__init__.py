"""The closed loop: baseline, diagnosis, the runs that follow it, and what changed."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.loop.closed_loop import ClosedLoop
    from whytrain.loop.conclusion import LoopOutcome, conclude
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "ClosedLoop",
    "LoopOutcome",
    "conclude",
]
