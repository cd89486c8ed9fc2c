"""The benchmark runs from end to end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "compare.py"


def test_smoke() -> None:
    command = [sys.executable, str(BENCHMARK), "--smoke"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=290).stdout
    header, row = (line.split() for line in output.splitlines())
    assert header == ["runs", "time", "memory", "report"]
    assert row[0] == "2"
    assert float(row[1]) > 0
    assert 0.1 < float(row[5]) < 4
