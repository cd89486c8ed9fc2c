"""Training commands in forked processes."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
import train_processes
from small_runs import RECIPE, Tracked

# Installed modules only: the server does not know this process's sys.path.
PRELOADED = [
    "whytrain.commands.train",
    "whytrain.callbacks",
    "whytrain.lightning_modules",
    "mlflow.store.tracking.sqlalchemy_store",
    "whytrain.data.csv_file",
    "whytrain.data.wordpiece",
    "whytrain.models.bilstm",
    "whytrain.tracking.store",
]


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Processes that fork from one in which everything is imported: real ones, started in milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


@pytest.fixture(scope="session")
def run_process(processes: ForkServerContext) -> Callable[..., int]:
    """Run the command in a process of its own; see `train_processes.run`. Returns the exit code."""

    def run(folder: Path, *words: str, fate: train_processes.Fate | None = None) -> int:
        process = processes.Process(target=train_processes.run, args=(folder, words, fate))
        process.start()
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    return run


@pytest.fixture(scope="session")
def make_workspace(
    tmp_path_factory: pytest.TempPathFactory, reviews: Path, migrated_store: Path
) -> Callable[[], Path]:
    """Make a folder with reviews.csv and an empty tracking store."""

    def make() -> Path:
        folder = tmp_path_factory.mktemp("work")
        shutil.copy(reviews, folder / "reviews.csv")
        (folder / "mlruns").mkdir()
        shutil.copy(migrated_store, folder / "mlruns" / "mlflow.db")
        return folder

    return make


@pytest.fixture
def tracked(workspace: Path) -> Tracked:
    """What the workspace's store holds."""
    return Tracked(workspace)


@pytest.fixture(scope="session")
def uninterrupted(make_workspace: Callable[[], Path], run_process: Callable[..., int]) -> Tracked:
    """A run that nothing stopped."""
    folder = make_workspace()
    assert run_process(folder, *RECIPE) == 0, (folder / "output.txt").read_text()
    return Tracked(folder)


@pytest.fixture
def quick(quiet_figures: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out figures and the packaged model, which take most of the time of a small run."""
    from whytrain import callbacks
    from whytrain.callbacks import describe_run

    monkeypatch.setattr(callbacks.DescribeModel, "on_fit_end", lambda *args: None)
    monkeypatch.setattr(describe_run, "_environment", lambda: "")
