"""The benchmark of the run table runs from end to end."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "ui.py"
pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="Chromium and its driver are not installed",
    ),
    pytest.mark.timeout(900),  # server and browser start on a machine that may be busy
]


def test_smoke() -> None:
    command = [sys.executable, str(BENCHMARK), "--smoke"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=800).stdout
    tracked, *timed = output.splitlines()
    assert tracked.startswith("3 runs of 2 epochs, tracked in ")
    assert [re.sub(r" +\d+\.\d\d s", " X s", line) for line in timed] == [
        "table open X s first, X s again",
        "its search X s for 3 runs",
        "all pages X s for 3 runs",
    ]
    assert all(float(seconds) > 0 for line in timed for seconds in re.findall(r"(\d+\.\d\d) s", line))
