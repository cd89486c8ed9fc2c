"""The rules of who may import whom, read from the source."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "whytrain"
SCRIPTS = [
    path
    for name in ("train", "compare", "explain", "score", "explore", "serve", "diagnose", "amortize")
    if (path := ROOT / f"{name}.py").exists()
]
MODULES = sorted(PACKAGE.rglob("*.py"))  # the links to the folders below are not followed
SHELLS = sorted([*ROOT.glob("callbacks/*.py"), *ROOT.glob("lightning_modules/*.py")])
DRAWS, WRITES = "whytrain.figures", "whytrain.pages"
KNOWLEDGE = sorted(
    path.name
    for path in PACKAGE.iterdir()
    if path.is_dir()
    and not path.is_symlink()
    and path.name not in {"api", "app", "figures", "pages", "commands", "__pycache__"}
)


def imports(path: Path) -> Iterator[str]:
    """Full names of all modules and names that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(path, node)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = ("whytrain", *path.relative_to(PACKAGE).parts)[: -node.level]
    return ".".join([*parts, *([node.module] if node.module else [])])


def offenders(paths: list[Path], *forbidden: str) -> list[str]:
    """Imports of the forbidden packages, or of anything below them."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imports(path)
        if any(name == package or name.startswith(f"{package}.") for package in forbidden)
    ]


def outside(folder: str) -> list[Path]:
    return [path for path in MODULES if not path.is_relative_to(PACKAGE / folder)]


def folder_of(module: str) -> str | None:
    """The folder, or the file on the ground floor, of the package that a full name lies in."""
    parts = module.split(".")
    return parts[1] if parts[0] == "whytrain" and len(parts) > 1 else None


def reached(arrows: dict[str, set[str]], start: str) -> set[str]:
    """All folders that a folder imports, directly or not."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = arrows.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def test_the_reader_of_imports_sees_them_all(tmp_path: Path) -> None:
    path = PACKAGE / "attribution" / "made_up.py"
    source = "import a.b, c\nfrom d import e\ndef f():\n    from .g import h\n    from .. import figures\n"
    tree = ast.parse(source)
    found = [
        f"{_absolute(path, node)}.{node.names[0].name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    ]
    assert found == ["d.e", "whytrain.attribution.g.h", "whytrain.figures"]
    written = tmp_path / "written.py"
    written.write_text("import a.b, c\ndef f():\n    from d import e\n")
    assert list(imports(written)) == ["a.b", "c", "d.e"]
    assert len(MODULES) > 100
    assert len(SHELLS) > 10
    assert reached({"a": {"b"}, "b": {"c"}, "c": {"b"}}, "a") == {"b", "c"}


def test_no_folder_imports_one_that_imports_it() -> None:
    arrows: dict[str, set[str]] = {}
    for path in MODULES:
        here = folder_of(".".join(("whytrain", *path.relative_to(PACKAGE).with_suffix("").parts)))
        if here is not None and here != "__init__":
            targets = {folder_of(name) for name in imports(path)} - {None, here}
            arrows.setdefault(here, set()).update(name for name in targets if name is not None)
    circles = [f"{a} and {b}" for a in arrows for b in arrows[a] if a in reached(arrows, b)]
    assert circles == []


def test_no_folder_is_crowded() -> None:
    folders = {path.parent for path in [*MODULES, *SHELLS]}
    counts = {str(f.relative_to(ROOT)): len(list(f.glob("*.py"))) - 1 for f in folders}
    assert {name: n for name, n in counts.items() if n > 25} == {}


def test_the_package_knows_no_framework() -> None:
    commands = [path for path in MODULES if path.is_relative_to(PACKAGE / "commands")]
    # From the shell and from Python.
    doors = [PACKAGE / "__main__.py", *(PACKAGE / "api").glob("*.py")]
    others = [path for path in MODULES if path not in [*commands, *doors]]
    lightning = ("pytorch_lightning", "lightning_fabric", "lightning")
    assert offenders(MODULES, *lightning) == []
    assert offenders(others, "whytrain.lightning_modules", "whytrain.callbacks", "whytrain.commands") == []
    # By these names they are only there beside the working tree: two modules of one file.
    assert offenders([*MODULES, *SHELLS], "callbacks", "lightning_modules", "train") == []


def test_only_commands_and_plugins_know_hydra() -> None:
    assert offenders([*outside("commands"), *SHELLS], "hydra", "omegaconf") == []
    for path in SCRIPTS:
        assert list(imports(path)) == [f"whytrain.commands.{path.stem}.main"]


def test_only_tracking_knows_mlflow() -> None:
    assert offenders([*outside("tracking"), *SHELLS], "mlflow") == []
    assert offenders(MODULES, "mlflow") != []


def test_tracking_knows_nothing_of_what_it_keeps() -> None:
    paths = [path for path in MODULES if path.is_relative_to(PACKAGE / "tracking")]
    known = {folder_of(name) for path in paths for name in imports(path)} - {None, "tracking"}
    assert known <= {"errors", "extras", "lazy", "typed_commands", "types"}


def test_only_figures_know_matplotlib() -> None:
    assert offenders([*outside("figures"), *SHELLS], "matplotlib") == []
    assert offenders(MODULES, "matplotlib") != []


@pytest.mark.parametrize("folder", KNOWLEDGE)
def test_knowledge_draws_and_writes_nothing(folder: str) -> None:
    paths = [path for path in MODULES if path.is_relative_to(PACKAGE / folder)]
    assert offenders(paths, DRAWS, WRITES) == []


def test_modules_of_lightning_know_no_callbacks() -> None:
    modules = [path for path in SHELLS if path.parent.name == "lightning_modules"]
    assert offenders(modules, "whytrain.callbacks") == []
    assert offenders(SHELLS, "whytrain.commands") == []


# What a model's author may declare: asked for in one place, models/interface.py.
DECLARED = {
    "embed",
    "inspect",
    "through_layers",
    "recurrence",
    "attention",
    "dropout",
    "pooling",
    "absences",
    "removals",
    "export_form",
    "match_classes",
    "requirements",
    "saved_arguments",
    "family",
    "embedding",
    "padding_id",
    "max_tokens",
}
KINDS_OF_MODELS = {"Inspectable", "Layered", "PrefixModel", "BiLSTM", "Transformer"}


def guesses(tree: ast.AST) -> Iterator[str]:
    """Calls that look for a capability of a model by its attributes or its class."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or len(node.args) < 2:
            continue
        subject = node.args[1]
        if node.func.id in ("getattr", "hasattr") and isinstance(subject, ast.Constant):
            if subject.value in DECLARED:
                yield ast.unparse(node)
        elif node.func.id in ("isinstance", "issubclass") and KINDS_OF_MODELS & {
            part.id for part in ast.walk(subject) if isinstance(part, ast.Name)
        }:
            yield ast.unparse(node)


def test_only_the_interface_looks_into_a_model() -> None:
    made_up = "getattr(m, 'pooling', None) or hasattr(m, 'embed') or isinstance(m, (int, Inspectable))"
    assert len(list(guesses(ast.parse(made_up)))) == 3
    interface = PACKAGE / "models" / "interface.py"
    found = {
        path.relative_to(ROOT).as_posix(): list(guesses(ast.parse(path.read_text("utf-8"))))
        for path in [*MODULES, *SHELLS]
    }
    assert found.pop(interface.relative_to(ROOT).as_posix())
    assert {path: calls for path, calls in found.items() if calls} == {}


def test_names_of_classes_are_listed_by_what_shortens_them() -> None:
    listing = re.compile(r"""["'], ["']\.join\([^\n]*class_names\)""")
    assert listing.search('{", ".join(run.class_names)}')
    found = [path.name for path in [*MODULES, *SHELLS] if listing.search(path.read_text("utf-8"))]
    assert found == []  # `few_of`: there may be hundreds


@pytest.mark.parametrize("path", sorted(ROOT.glob("benchmarks/*.py")), ids=lambda path: path.stem)
def test_benchmarks_import_what_is_there(path: Path) -> None:
    """No test runs the long ones: what they import moves away unseen."""
    for name in imports(path):
        if name.startswith("whytrain."):
            module, _, imported = name.rpartition(".")
            assert hasattr(importlib.import_module(module), imported), name
