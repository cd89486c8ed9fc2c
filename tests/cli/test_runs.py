"""Whole runs: what they leave behind, how they fail, and sweeps of them."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from small_runs import RECIPE, SMALL, Tracked

from whytrain.checkpoints import usable_checkpoint
from whytrain.commands import train
from whytrain.commands.job import compose_job
from whytrain.errors import Interrupted, LeftOut
from whytrain.objectives.objective import Objective


def one(tracked: Tracked, key: str) -> float:
    [value] = [values for (name, _), values in tracked.metrics().items() if name == key]
    return value[0]


def test_a_run_with_everything(
    workspace: Path, tracked: Tracked, run_train: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_train(*SMALL, "model=bilstm_opt", "trainer.max_epochs=3", "run_name=everything") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "everything" in out.splitlines()[0]
    for shown in (" parameters", " train, ", "epoch 3/3", "accuracy", "bag of words", "whytrain ui"):
        assert shown in out
    parts = out.partition("\nIt took ")[2].partition("\n\n")[0]
    assert "starting " in parts
    run_id = tracked.run_id()
    assert tracked.runs() == {run_id: "FINISHED"}
    metrics = tracked.metrics()
    scores = [(metrics["val/accuracy", epoch][0], -metrics["val/loss", epoch][0]) for epoch in (1, 2, 3)]
    best = 1 + scores.index(max(scores))
    assert one(tracked, "best/epoch") == best
    for stage, epoch in (("best", best), ("last", 3)):
        for name in ("accuracy", "loss", "f1", "precision", "recall", "nll", "brier", "ece", "weighted_f1"):
            assert one(tracked, f"{stage}/{name}") == metrics[f"val/{name}", epoch][0], name
    assert 0.5 < one(tracked, "floor/accuracy") <= 1
    assert 0 <= one(tracked, "test/accuracy") <= 1
    artifacts = workspace / "mlruns" / "artifacts" / run_id / "artifacts"
    for path in (
        "config/config.yaml",
        "overrides.yaml",
        "environment.txt",
        "checkpoints/best.ckpt",
        "tables/predictions/predictions_epoch_003.parquet",
        "tables/history/batches_epoch_001.parquet",
        "figures/history/training.png",
        "figures/model/model.png",
    ):
        assert (artifacts / path).is_file(), path
    assert "max_epochs=3" in (artifacts / "overrides.yaml").read_text()
    run_folder = workspace / "mlruns" / "runs" / run_id
    assert [path.name for path in (run_folder / "checkpoints").iterdir()] == ["best.ckpt"]
    assert sorted(path.name for path in workspace.iterdir()) == ["mlruns", "reviews.csv"]


def test_the_monitored_value_goes_to_the_sweeper(workspace: Path, tracked: Tracked, quick: None) -> None:
    words = [*RECIPE, "trainer.monitor=val/brier"]
    returned = train.train(compose_job(words)).score
    scores = [values[0] for (key, _), values in tracked.metrics().items() if key == "val/brier"]
    assert len(scores) == 2
    # Lightning keeps what the monitor sees in float32.
    assert returned == pytest.approx(min(scores), rel=1e-6)
    assert one(tracked, "best/brier") == min(scores)


def test_a_failing_job_leaves_the_others(
    workspace: Path,
    tracked: Tracked,
    quick: None,
    run_train: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [word for word in RECIPE if not word.startswith(("data.path", "trainer.max_epochs"))]
    (workspace / "one.csv").write_text("text,label\na fine film,positive\n")
    assert run_train("-m", *words, "data.path=one.csv,reviews.csv", "trainer.max_epochs=1") == 1
    assert sorted(tracked.runs().values()) == ["FAILED", "FINISHED"]  # the sweep's own run and the good job
    out, err = capsys.readouterr()
    assert err.splitlines()[-1].startswith("error: ")
    assert "job 1 of 2: data.path=one.csv" in out.splitlines()
    assert "job 2 of 2: data.path=reviews.csv" in out.splitlines()
    table = out[out.rindex("┡") :]
    assert "failed: " in table
    assert table.index("reviews.csv") < table.index("one.csv")  # the finished ones come first
    # What is not there is told before anything starts.
    assert run_train("-m", *words, "data.path=gone.csv,reviews.csv", "trainer.max_epochs=1") == 2
    assert len(tracked.runs()) == 2


def test_a_signal_ends_a_whole_sweep(
    workspace: Path,
    run_train: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    started = []

    def stopped(config: Any) -> None:
        started.append(config.seed)
        raise Interrupted(signal.SIGINT)

    monkeypatch.setattr(train, "build", stopped)
    assert run_train("-m", *RECIPE, "seed=4,5,6") == 130
    assert started == [4]
    assert capsys.readouterr().err.splitlines()[-1] == "stopped by Ctrl-C"


def last_is_good(tracked: Tracked) -> int:
    """Number of steps behind the weights of the last checkpoint, which are finite."""
    path = usable_checkpoint(tracked.checkpoint().parent.parent)
    assert path is not None
    checkpoint = torch.load(path, weights_only=True)
    assert all(value.isfinite().all() for value in checkpoint["state_dict"].values())
    return int(checkpoint["global_step"])


def test_an_absurd_learning_rate(
    workspace: Path,
    tracked: Tracked,
    quick: None,
    run_train: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_train(*RECIPE, "optimizer.learning_rate=1e38") == 1
    [line] = capsys.readouterr().err.splitlines()
    assert " became " in line
    assert "lower optimizer.learning_rate" in line
    assert tracked.runs() == {tracked.run_id(): "FAILED"}
    assert not tracked.checkpoint("best").exists()


def test_a_loss_that_breaks_in_the_second_epoch(
    workspace: Path,
    tracked: Tracked,
    quick: None,
    run_train: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    original, calls = Objective.forward, []

    def breaks(self: Objective, *args: Any) -> Any:
        loss, logits = original(self, *args)
        calls.append(loss)
        return (loss * float("nan") if len(calls) == 12 else loss), logits

    monkeypatch.setattr(Objective, "forward", breaks)
    assert run_train(*RECIPE) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: the loss became nan in epoch 2, step 12; nothing of it was saved")
    assert tracked.runs() == {tracked.run_id(): "FAILED"}
    assert last_is_good(tracked) == 9


def test_a_disk_that_fills_up_while_a_checkpoint_is_saved(
    workspace: Path,
    tracked: Tracked,
    quick: None,
    run_train: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = []

    def fsync(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 2:  # the first epoch's best and last are the first two
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("whytrain.lightning_modules.checkpoint_io.os", SimpleNamespace(fsync=fsync))
    assert run_train(*RECIPE) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: the checkpoint ")
    assert "No space left on device" in line
    assert "make room on the disk and go on with resume=RUN_ID" in line
    assert tracked.runs() == {tracked.run_id(): "FAILED"}
    assert last_is_good(tracked) == 9
    assert not list(workspace.rglob("*.partial"))


def test_one_validation_row_ends_with_a_model_and_no_false_certainty(
    workspace: Path, tracked: Tracked, run_train: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "one.csv").write_text('text,label\n"a lovely, gentle film",good\n')
    words = (*SMALL, "model=bilstm_opt", "data.validation_path=one.csv")
    assert run_train(*words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "on 1 validation sentence." in out
    assert "too sure of itself" not in out
    assert tracked.runs() == {tracked.run_id(): "FINISHED"}
    assert list(workspace.glob("mlruns/artifacts/models/*/artifacts/MLmodel"))


def test_a_report_that_fails_leaves_the_model_and_one_line(
    workspace: Path,
    tracked: Tracked,
    run_train: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from whytrain.callbacks.calibrate_epoch import CalibrateEpoch
    from whytrain.callbacks.report import Report

    def fails(*_: object) -> None:
        raise ValueError("this figure\ncannot be drawn")

    monkeypatch.setattr(CalibrateEpoch, "on_fit_end", fails)
    monkeypatch.setattr(Report, "on_fit_end", fails)
    few = [f"~callbacks.{name}" for name in ("explanations", "shortcuts", "surrogate", "diagnosis")]
    words = (*SMALL, "callbacks=default", *few)
    with pytest.warns(LeftOut) as told:
        assert run_train(*words) == 0
    lines = [str(one.message) for one in told if one.category is LeftOut]
    assert [line.partition(" ")[0] for line in lines] == [
        "CalibrateEpoch.on_fit_end",
        "Report.on_fit_end",
        "summary",
    ]
    assert capsys.readouterr().err == ""
    run_id = tracked.run_id()
    assert tracked.runs() == {run_id: "FINISHED"}
    assert list(workspace.glob("mlruns/artifacts/models/*/artifacts/MLmodel"))
    trace = workspace / "mlruns" / "artifacts" / run_id / "artifacts" / "errors" / "Report.on_fit_end.txt"
    assert "ValueError: this figure" in trace.read_text()
