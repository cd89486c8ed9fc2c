"""The benchmark of tracking runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from pytest import approx


def test_it_measures(root: Path) -> None:
    path = Path(__file__).parents[2] / "benchmarks" / "tracking.py"
    spec = importlib.util.spec_from_file_location("tracking_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    cost = benchmark.measure("SQLite", root, None, 2)
    assert len(cost.epochs) == 2
    assert min(cost.epochs) > 0
    line = benchmark.report([cost]).splitlines()[1]
    assert line.startswith("SQLite")
    share = (cost.epochs[0] + cost.epochs[1]) / 2 / 22
    assert float(line.split("%")[0].split()[-1]) == approx(100 * share, abs=0.051)  # one digit is printed
