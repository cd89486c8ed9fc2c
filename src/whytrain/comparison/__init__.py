"""Tracked runs side by side: which is better, in what, and whether it is real."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.comparison.comparison import SideBySide, put_side_by_side
    from whytrain.comparison.runs import ComparedRun, load_runs
    from whytrain.comparison.selection import Selection, select_runs
else:
    __getattr__ = lazy_imports(__name__)

__all__ = ["ComparedRun", "Selection", "SideBySide", "load_runs", "put_side_by_side", "select_runs"]
