"""Which of this package's modules a logged model needs, so that it loads where the package is missing.

The copy gets a name of its own, since a process holds only one package of a name: models of other code, and
an installed version of this package, load beside it.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_SOURCE = Path(__file__).parents[3]
_PACKAGE = "whytrain"
_OWN_IMPORT = re.compile(rf"^(\s*(?:from|import) ){_PACKAGE}\b", re.MULTILINE)


def copy_code(modules: Iterable[str], target: Path) -> Path:
    """Copy modules and all that they import from this package, directly or not, into a folder.

    Args:
        modules: Their dotted names; those outside this package are left out.
        target: The folder.

    Returns:
        The folder of the copied package within it: `whytrain_` and a hash of the code, by which the copies
        import each other.
    """
    found: dict[Path, str] = {}
    waiting = [module for module in modules if _is_own(module)]
    while waiting:
        for file in _files(waiting.pop()):
            if file not in found:
                found[file] = file.read_text("utf-8")
                waiting += _imports(found[file])
    code = {file.relative_to(_SOURCE / _PACKAGE).as_posix(): text for file, text in sorted(found.items())}
    package = target / f"{_PACKAGE}_{hashlib.sha256(repr(code).encode()).hexdigest()[:12]}"
    for name, text in code.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(_OWN_IMPORT.sub(rf"\1{package.name}", text), "utf-8")
    return package


def _files(module: str) -> Iterator[Path]:
    """Yield the file of a module and the `__init__` files of the packages that it is in."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        place = _SOURCE.joinpath(*parts[:length])
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                yield file


def _imports(code: str) -> Iterator[str]:
    """Yield the names of this package that code imports; a name in a module counts as a submodule, too."""
    for node in _executed(ast.parse(code)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from filter(_is_own, names)


def _is_own(module: str) -> bool:
    return module.partition(".")[0] == _PACKAGE


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
