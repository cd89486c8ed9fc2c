"""The wheel is the whole program: commands, configs, callbacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import SMALL, Tracked

ROOT = Path(__file__).parents[2]
PARTS = ("src", "conf", "callbacks", "lightning_modules")


def run(folder: Path, *command: str, **environment: str) -> tuple[str, str]:
    """Run a command to its end and return what it printed on stdout and on stderr."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, installed into a folder of its own; the dependencies are those of the tests."""
    tree, target = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("installed")
    for part in PARTS:
        shutil.copytree(
            ROOT / part,
            tree / part,
            symlinks=True,
            ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"),
        )
    for path in [ROOT / "pyproject.toml", ROOT / "README.md", ROOT / "LICENSE", *ROOT.glob("*.py")]:
        shutil.copy(path, tree)
    run(tree, sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", ".")
    [wheel] = (tree / "dist").glob("*.whl")
    pip = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
    )
    run(tree, *pip, str(wheel))
    return target


def test_it_holds_what_the_commands_need_and_no_more(installed: Path) -> None:
    names = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert names - {"__pycache__", "bin"} == {"whytrain", "hydra_plugins"}
    package = installed / "whytrain"
    configs = {path.relative_to(ROOT) for path in (ROOT / "conf").rglob("*.yaml")}
    assert {path.relative_to(package) for path in (package / "conf").rglob("*.yaml")} == configs


def test_the_installed_command(installed: Path, tmp_path: Path) -> None:
    config, _ = run(
        tmp_path, str(installed / "bin" / "whytrain"), "train", "--cfg", "job", PYTHONPATH=str(installed)
    )
    assert config.startswith("seed: 0\n")
    assert not list(tmp_path.iterdir())


def test_training_from_an_empty_folder(installed: Path, tmp_path: Path, reviews: Path) -> None:
    shutil.copy(reviews, tmp_path / "reviews.csv")
    words = [*SMALL, "trainer.max_epochs=1", "callbacks=none"]
    # What is imported is said by Python itself: nothing may come from the working tree.
    printed, imported = run(
        tmp_path, sys.executable, "-v", "-m", "whytrain", "train", *words, PYTHONPATH=str(installed)
    )
    assert "whytrain ui" in printed
    assert f"{installed}/whytrain/metrics/__init__.py" in imported
    assert f"{installed}/whytrain/callbacks/__init__.py" in imported
    # A namespace names every folder that has a part of it: what counts is whose code was run.
    run_code = "\n".join(line for line in imported.splitlines() if "code object from" in line)
    assert f"{installed}/whytrain/" in run_code
    assert not [part for part in (*PARTS, "train.py") if f"{ROOT}/{part}" in run_code]
    assert list(Tracked(tmp_path).runs().values()) == ["FINISHED"]
