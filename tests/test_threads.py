"""Threads wait passively wherever whytrain is imported before torch, unless the user decides otherwise."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

VARIABLE = "OMP_WAIT_POLICY"
SAID = f"import os, sys, whytrain; print('torch' in sys.modules, os.environ['{VARIABLE}'])"


@pytest.mark.parametrize(("own", "expected"), [({}, "passive"), ({VARIABLE: "active"}, "active")])
def test_the_policy_is_set_before_torch_is_loaded(own: dict[str, str], expected: str) -> None:
    others = (VARIABLE, "GOMP_SPINCOUNT")
    environment = {name: value for name, value in os.environ.items() if name not in others} | own
    command = [sys.executable, "-c", SAID]
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    assert output.split() == ["False", expected]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "busy_machine.py"
    spec = importlib.util.spec_from_file_location("busy_machine", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_benchmark_trains(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("go\n"))
    benchmark.main(["--worker", "--steps", "1"])
    ready, seconds = capsys.readouterr().out.split()
    assert ready == "ready"
    assert float(seconds) > 0


def test_the_benchmark_compares_within_a_round(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = {(1, "passive"): 0.2, (1, None): 0.25, (2, "passive"): 0.4, (2, None): 5.0}
    monkeypatch.setattr(benchmark, "seconds_per_step", lambda n, policy, n_steps: seconds[n, policy])
    benchmark.main(["--rounds", "1"])
    output = capsys.readouterr().out
    assert "side by side / one alone, passive  2.000" in output
    assert "side by side / one alone, spinning  20.000" in output
    assert "one alone, passive / spinning  0.800" in output
