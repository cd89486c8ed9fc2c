"""Which of this package's modules a logged model needs, so that it loads where the package is missing."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

_SOURCE = Path(__file__).parents[2]
_PACKAGE = "whytrain"


def copy_code(module: str, target: Path) -> Path:
    """Copy a module and all that it imports from this package, directly or not, into a folder.

    Args:
        module: Dotted name of the module.
        target: The folder, which is made.

    Returns:
        The folder of the copied package within it.
    """
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        for file in _files(waiting.pop()):
            if file not in found:
                found.add(file)
                waiting += _imports(file)
    for file in found:
        copy = target / file.relative_to(_SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    return target / _PACKAGE


def _files(module: str) -> Iterator[Path]:
    """Yield the file of a module and the `__init__` files of the packages that it is in."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        place = _SOURCE.joinpath(*parts[:length])
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                yield file


def _imports(file: Path) -> Iterator[str]:
    """Yield the names of this package that a file imports; a name in a module counts as a submodule, too."""
    for node in _executed(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == _PACKAGE)


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes but those under `if TYPE_CHECKING:`, which only type checkers read."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)
