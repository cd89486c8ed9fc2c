"""An empty cache folder for every test, small data sets, and the folder of the real ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whytrain.data.csv_file import CSVFile
from whytrain.data.sst2 import SST2


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the test's own cache folder."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("WHYTRAIN_CACHE", str(folder))
    return folder


@pytest.fixture
def sst2_folder() -> Path:
    """Return the folder with SST-2's train.tsv and dev.tsv."""
    folder = Path(os.environ.get("WHYTRAIN_DATA", "")) / "sst2"
    if "WHYTRAIN_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("WHYTRAIN_DATA names no folder with sst2/")
    return folder


@pytest.fixture
def csv_source() -> Callable[..., CSVFile]:
    """Return a function (path, **settings) that makes a source with small settings."""
    settings: dict[str, Any] = {
        "validation_path": None,
        "test_path": None,
        "text_column": "text",
        "label_column": "label",
        "id_column": None,
        "merge_labels": True,
        "delimiter": None,
        "quoting": None,
        "encoding": None,
        "header": None,
        "split_seed": 0,
        "calibration_size": 0,
        "batch_size": 8,
        "max_tokens": 32,
        "windows": None,
        "positive_class": None,
        "on_bad_row": "error",
        "check_path": None,
        "corrections": None,
        "evaluation_paths": None,
    }
    return lambda path, **changed: CSVFile(**settings | {"path": str(path)} | changed)


@pytest.fixture
def sst2_source() -> Callable[..., SST2]:
    """Return a function (path, **settings) that makes a source with the settings of the config."""
    settings: dict[str, Any] = {
        "test_path": None,
        "split_seed": 0,
        "calibration_size": 1000,
        "batch_size": 64,
        "max_tokens": 128,
        "windows": None,
        "positive_class": None,
        "on_bad_row": "error",
        "check_path": None,
        "corrections": None,
        "evaluation_paths": None,
    }
    return lambda path, **changed: SST2(**settings | {"path": path and str(path)} | changed)


@pytest.fixture
def write_reviews(tmp_path: Path) -> Callable[..., Path]:
    """Return a function (name, n_rows=40, extra="") that writes a CSV file of two balanced classes.

    Rows start on line 2; `extra` is appended as it is.
    """

    def write(name: str, n_rows: int = 40, extra: str = "") -> Path:
        path = tmp_path / name
        rows = [f"sentence number {row},{'good' if row % 2 else 'bad'}" for row in range(n_rows)]
        path.write_text("\n".join(["text,label", *rows]) + "\n" + extra, encoding="utf-8")
        return path

    return write
