"""The benchmark runs from end to end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "explain.py"


def test_smoke() -> None:
    command = [sys.executable, str(BENCHMARK), "--smoke"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    for part in (
        "table of 4 words, last",
        "direct",
        "GiB more",
        "shapiq ExactComputer",
        "captum",
        "values, ours",
    ):
        assert part in output
