"""A store for the runs of a module."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # whatever pytest's import mode

from compared_runs import Tracker


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory, migrated_store: Path) -> Tracker:
    """A store of the module's own."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "mlruns").mkdir()
    shutil.copy(migrated_store, folder / "mlruns" / "mlflow.db")
    return Tracker(folder)
