"""The benchmark runs from end to end."""

from __future__ import annotations

import importlib.util
import logging
import multiprocessing
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """A benchmark with the words of its command line, in this process: its imports are most of its time."""
    loggers = [
        logging.getLogger(name) for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero")
    ]
    levels = [logger.level for logger in loggers]

    def load(name: str, *words: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)  # its dataclasses look for their module
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *words])
        return module

    yield load
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


class Here(SimpleNamespace):
    """A process that is none."""

    def start(self) -> None:
        self.target(*self.args)

    def join(self) -> None:
        pass


def test_smoke(
    loaded: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark = loaded("explain")
    processes = SimpleNamespace(
        Pipe=multiprocessing.Pipe, get_context=lambda _: SimpleNamespace(Process=Here)
    )
    monkeypatch.setattr(benchmark, "multiprocessing", processes)
    benchmark.main(["--smoke"])
    output = capsys.readouterr().out
    for part in (
        "table of 4 words, last",
        "direct",
        "GiB more",
        "shapiq ExactComputer",
        "captum",
        "values, ours",
    ):
        assert part in output


def test_sanity(
    loaded: Callable[..., ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["good", "bad", "dull", "fine", "film", "plot", "not", "so"]
    rows = [" ".join(words[(i * k) % 8] for k in range(1, 7)) for i in range(60)]
    lines = [f"{row}\t{i % 2}" for i, row in enumerate(rows)]
    for name in ("train", "dev"):
        path = tmp_path / "sst2" / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(["sentence\tlabel", *lines]) + "\n", "utf-8")
    (tmp_path / "sst_trees").mkdir()
    trees = "(3 (2 so) (4 (3 good) (2 film)))\n(1 (2 not) (1 (1 bad) (2 plot)))\n"
    (tmp_path / "sst_trees" / "dev.txt").write_text(trees, "utf-8")
    sizes = ["--seeds", "2", "--epochs", "1", "--draws", "2", "--sentences", "4"]
    sizes += ["--figure", str(tmp_path / "layers.png")]
    overrides = ["tokenizer=wordpiece", "data.calibration_size=0", "model.hidden_size=8"]
    loaded("sanity", "--data", str(tmp_path), *sizes, *overrides).main()
    output = capsys.readouterr().out
    for part in (
        "between seeds",
        "shuffled labels",
        "randomized down to lstm",
        "10 phrases",
        "right-branching",
    ):
        assert part in output
    shuffled = re.findall(r"shuffled labels +\w+ +(\S+)", output)
    assert len(shuffled) == 2
    assert all(float(correlation) < 1 for correlation in shuffled)  # equal weights would explain alike
    assert (tmp_path / "layers.png").stat().st_size > 10_000
