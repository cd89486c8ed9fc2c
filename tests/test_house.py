"""The rules of who may import whom, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "whytrain"
SCRIPTS = [path for name in ("train", "compare", "explain") if (path := ROOT / f"{name}.py").exists()]
MODULES = sorted(PACKAGE.rglob("*.py"))
SHELLS = sorted([*ROOT.glob("callbacks/*.py"), *ROOT.glob("lightning_modules/*.py")])
# What the scripts share: telling errors, and composing the runs that follow from another run.
KNOWS_HYDRA = (PACKAGE / "command_line.py", PACKAGE / "composition.py")
ALGORITHMS = (
    "games",
    "shapley",
    "surrogates",
    "calibration",
    "statistics",
    "diagnosis",
    "data",
    "models",
    "objectives",
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


def test_the_reader_of_imports_sees_them_all(tmp_path: Path) -> None:
    path = PACKAGE / "games" / "made_up.py"
    source = "import a.b, c\nfrom d import e\ndef f():\n    from .g import h\n    from .. import plots\n"
    tree = ast.parse(source)
    found = [
        f"{_absolute(path, node)}.{node.names[0].name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    ]
    assert found == ["d.e", "whytrain.games.g.h", "whytrain.plots"]
    written = tmp_path / "written.py"
    written.write_text("import a.b, c\ndef f():\n    from d import e\n")
    assert list(imports(written)) == ["a.b", "c", "d.e"]
    assert len(MODULES) > 100
    assert len(SHELLS) > 10


def test_the_package_knows_no_framework() -> None:
    assert offenders(MODULES, "pytorch_lightning", "lightning_fabric", "lightning", "lightning_modules") == []
    assert offenders(MODULES, "callbacks", "train", "compare", "explain") == []


def test_only_scripts_know_hydra() -> None:
    others = [path for path in [*MODULES, *SHELLS] if path not in KNOWS_HYDRA]
    assert offenders(others, "hydra", "omegaconf") == []
    assert all("hydra" in {name.partition(".")[0] for name in imports(path)} for path in SCRIPTS)


def test_only_tracking_knows_mlflow() -> None:
    assert offenders([*outside("tracking"), *SHELLS, *SCRIPTS], "mlflow") == []
    assert offenders(MODULES, "mlflow") != []


def test_only_plots_know_matplotlib() -> None:
    assert offenders([*outside("plots"), *SHELLS, *SCRIPTS], "matplotlib") == []
    assert offenders(MODULES, "matplotlib") != []


@pytest.mark.parametrize("folder", ALGORITHMS)
def test_algorithms_draw_and_report_nothing(folder: str) -> None:
    paths = [path for path in MODULES if path.is_relative_to(PACKAGE / folder)]
    assert offenders(paths, "whytrain.plots", "whytrain.reports", "whytrain.tracking") == []


def test_comparing_draws_and_reports_nothing() -> None:
    paths = [path for path in MODULES if path.is_relative_to(PACKAGE / "comparison")]
    assert offenders(paths, "whytrain.plots", "whytrain.reports") == []


def test_callbacks_and_lightning_modules_do_not_know_each_other() -> None:
    callbacks = [path for path in SHELLS if path.parent.name == "callbacks"]
    modules = [path for path in SHELLS if path.parent.name == "lightning_modules"]
    assert offenders(callbacks, "lightning_modules") == []
    assert offenders(modules, "callbacks") == []
    assert offenders(SHELLS, "train", "compare", "explain") == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 100


def test_the_training_script_is_there() -> None:
    assert "train.py" in {path.name for path in SCRIPTS}
