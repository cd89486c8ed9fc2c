"""The benchmark runs from end to end, in this process, and finds again what it trained."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from whytrain.data.pretrained import PACKAGE, PACKAGED_MODEL, packaged_model

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "distillation.py"
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None, reason="the extra `pretrained` is not installed"
)


@pytest.fixture
def benchmark(
    workspace: Path, run_train: Callable[..., int], quiet_figures: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """The benchmark with these words; returns the names of the runs that it trained."""
    spec = importlib.util.spec_from_file_location("distillation_benchmark", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names: list[str] = []

    def in_this_process(command: list[str], **_: Any) -> SimpleNamespace:
        names.append(command[-1].removeprefix("run_name="))
        return SimpleNamespace(returncode=run_train(*command[2:]))

    monkeypatch.setattr(module, "subprocess", SimpleNamespace(run=in_this_process, STDOUT=None))

    def run(*words: str) -> list[str]:
        names.clear()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["distillation.py", *words])
            module.main()
        return list(names)

    return run


def test_it_tunes_on_train_and_reports_the_gap(
    workspace: Path, benchmark: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["good", "bad", "dull", "fine", "film", "plot", "not", "so"]
    rows = [" ".join(words[(i * k) % 8] for k in range(1, 7)) + f" {i}" for i in range(80)]
    lines = [f"{row}\t{int(row[0] == 'g')}" for row in rows]
    (workspace / "sst2").mkdir()
    for name, part in (("train", lines[:60]), ("dev", lines[60:])):
        (workspace / "sst2" / f"{name}.tsv").write_text("\n".join(["sentence\tlabel", *part]) + "\n")
    folder = packaged_model(PACKAGED_MODEL)
    assert folder is not None
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30_522, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    BertForSequenceClassification(config).save_pretrained(workspace / "bert")
    (workspace / "bert" / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    sizes = ["model.hidden_size=4", "model.embedding.size=4", "trainer.max_epochs=1"]
    options = ["--data", ".", "--out", "out", "--model", str(workspace / "bert")]
    options += ["--common", "data.calibration_size=0", "trainer.min_steps=0", "trainer.min_epochs=1"]
    trained = benchmark(*options, "--seeds", "0,1", "--", *sizes)
    assert trained == ["final-teacher", *(f"final-{m}-{s}" for s in (0, 1) for m in ("bilstm", "bilstm_kd"))]
    output = capsys.readouterr().out
    assert "gap closed" in output
    assert output.splitlines()[-1].split()[:2] == ["bilstm_kd", "mean"]
    assert benchmark(*options, "--seeds", "0", "--", *sizes) == []  # all of it is there
    together = [*options, "--teachers", "final-teacher", "second", "--seeds", "0", "--"]
    assert benchmark(*together, *sizes) == ["second", "final-bilstm_kd-final-teacher-second-0"]
