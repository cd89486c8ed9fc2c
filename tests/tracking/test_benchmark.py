"""The benchmark of tracking runs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


def test_it_measures(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(__file__).parents[2] / "benchmarks" / "tracking.py"
    spec = importlib.util.spec_from_file_location("tracking_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, benchmark)  # where dataclasses look for it
    spec.loader.exec_module(benchmark)
    cost = benchmark.measure("SQLite", root, None, 2)
    assert len(cost.epochs) == 2
    assert min(cost.epochs) > 0
    # The share is printed with one digit.
    line = benchmark.report([cost]).splitlines()[1]
    assert line.startswith("SQLite")
    share = (cost.epochs[0] + cost.epochs[1]) / 2 / 22
    assert float(line.split("%")[0].split()[-1]) == pytest.approx(100 * share, abs=0.051)
