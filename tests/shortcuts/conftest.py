"""The benchmark's modules, and a small SST-2."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """A module of the folder of benchmarks, which are scripts and find each other beside them."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name in ("planted", "revised", "shortcuts", "shortcuts_table"):
        monkeypatch.setitem(sys.modules, name, sys.modules.get(name))
        if sys.modules[name] is None:
            del sys.modules[name]
    return importlib.import_module


@pytest.fixture
def sst2(tmp_path: Path) -> Path:
    """A folder with a small SST-2: 700 whole sentences, each with a part of it as another row."""
    words = [("a", "dull"), ("the", "great")]
    sentences = [
        f"{words[i % 2][0]} film {i} {words[i % 2][1]} {['the', 'a'][i % 3 > 0]} way ." for i in range(700)
    ]
    parts = [sentence.removesuffix(" .") for sentence in sentences]
    (tmp_path / "sst2").mkdir()
    for name, texts in (("train", [*sentences, *parts]), ("dev", [f"dev {s}" for s in sentences[:40]])):
        lines = [f"{text}\t{index % 2}" for index, text in enumerate(texts)]
        (tmp_path / f"sst2/{name}.tsv").write_text("\n".join(["sentence\tlabel", *lines]) + "\n", "utf-8")
    return tmp_path
