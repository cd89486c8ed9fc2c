"""Shortcuts: what a model reads in training data and cannot rely on elsewhere."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.shortcuts.marks import Mark, read_marks, write_marks
else:
    __getattr__ = lazy_imports(__name__)

__all__ = ["Mark", "read_marks", "write_marks"]
