"""Names of a package that are imported when they are first used: `import whytrain` stays fast."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def lazy_imports(package: str) -> Callable[[str], Any]:
    """Return the `__getattr__` (PEP 562) of a package.

    Its names are those that the package's `__init__` imports under `if TYPE_CHECKING:`, where type checkers
    and editors find them, too; so each is said once.

    Args:
        package: its `__name__`.
    """
    module = sys.modules[package]
    assert module.__file__ is not None
    origins: dict[str, str] | None = None

    def load(name: str) -> Any:
        nonlocal origins
        if origins is None:
            origins = _origins(Path(str(module.__file__)))
        if name not in origins:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(origins[name]), name)
        setattr(module, name, value)
        return value

    return load


def _origins(path: Path) -> dict[str, str]:
    """Return the module of each name that a file imports under TYPE_CHECKING."""
    tree = ast.parse(path.read_text("utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        alias.name: str(node.module)
        for block in blocks
        if ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
