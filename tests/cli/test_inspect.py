"""`whytrain inspect` on a run that `whytrain train` tracked, and the same from Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from small_runs import SMALL

import whytrain as wt
from whytrain.commands import inspect as command
from whytrain.runs.inspected import read_analysis
from whytrain.tracking.reader import download

FEW = (
    "analysis=[counterfactuals,robustness,checklist]",
    "analysis.counterfactuals.sentences=3",
    "analysis.robustness.sentences=8",
    "analysis.checklist.cases=10",
)


def run_inspect(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        command.main(list(words))
    return int(ended.value.code or 0)


def test_what_a_run_is_asked_is_shown_and_kept(
    workspace: Path, run_train: Callable[..., int], quiet_figures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*SMALL, "callbacks=none", "model=bilstm", "run_name=first", "trainer.max_epochs=6"]
    assert run_train(*words) == 0
    capsys.readouterr()
    assert run_inspect("run=first", *FEW) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.split("page: ")[0].splitlines())) <= 80
    run = wt.open_run("first")
    page = workspace / "inspections" / run.id / "inspect.html"
    for title in (
        "What would have to change for another answer?",
        "Do its answers hold under small changes?",
        "Can it do what everybody can?",
    ):
        assert title in told
        assert title in page.read_text("utf-8")
    assert 'href="inspect.html"' in download(run.record, "reports/run.html").read_text("utf-8")
    assert 'href="run.html"' in download(run.record, "reports/inspect.html").read_text("utf-8")
    shares = read_analysis(run.record, "robustness", "accuracy")
    written = pd.read_csv(page.with_name("robustness_accuracy.csv"))
    pd.testing.assert_frame_equal(written, shares[written.columns], check_dtype=False)
    whole = shares[shares["words"] == 0].set_index("change")["right"]
    assert run.metrics["inspect/robustness/typos_0"] == whole["typing errors"]

    # From Python: the same sentences, drawn by the same seed, have the same shares.
    again = run.inspect("robustness", sentences=8)
    assert "Do its answers hold" in again._repr_html_()
    pd.testing.assert_frame_equal(again.tables["accuracy"], written, check_dtype=False)
    one = run.inspect("counterfactuals", text="a good film")
    assert one.verdict.startswith("The answer is ")
    capsys.readouterr()
    assert run_inspect("run=first", "analysis=[checklist]", "analysis.checklist.tests=none.yaml") == 2
    assert "the tests none.yaml cannot be read" in capsys.readouterr().err
