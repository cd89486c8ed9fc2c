"""Guided, distilled and fine-tuned runs by the command: from start to end, killed and resumed, and refused."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from explained_runs import track_explained_run
from small_runs import SMALL, Tracked, assert_same_run

from whytrain.models.saved import load_model

LEARNING = (
    *SMALL,
    "model=bilstm_kd",
    "distillation.teacher=bert",
    "distillation.augmentation.copies=1",
    "guidance.run=base",
    "guidance.mask=0.3",
    "guidance.replace=0.3",
    "guidance.upweight=2.0",
    "callbacks=none",
    "trainer.max_epochs=2",
    "run_name=learning",
)


class Latest(Tracked):
    """The newest run of a store."""

    def run_id(self) -> str:
        return list(self.runs())[-1]

    def runs(self) -> dict[str, str]:
        return dict(list(super().runs().items())[-1:])


@pytest.fixture
def lectures(
    make_workspace: Callable[[], Path], bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Latest]:
    """Two workspaces with a run that explained itself, and a Hugging Face classifier."""
    folders = [make_workspace() for _ in range(2)]
    for folder in folders:
        shutil.copytree(bert_folder, folder / "bert")
        monkeypatch.chdir(folder)
        track_explained_run()
    return [Latest(folder) for folder in folders]


def test_a_killed_run_learns_what_an_uninterrupted_one_does(
    lectures: list[Latest], run_process: Callable[..., int]
) -> None:
    whole, broken = lectures
    assert run_process(whole.folder, *LEARNING) == 0, whole.output()
    words = (*LEARNING, "trainer.checkpoint_minutes=0.0000001")
    assert run_process(broken.folder, *words, fate=("step", 4)) == -signal.SIGKILL
    assert run_process(broken.folder, f"resume={broken.run_id()}") == 0, broken.output()
    assert_same_run(broken, whole)


def test_a_transformer_is_fine_tuned_tracked_and_saved(
    workspace: Path, run_train: Callable[..., int], bert_folder: Path, quiet_figures: None
) -> None:
    shutil.copytree(bert_folder, workspace / "bert")
    words = [word for word in SMALL if not word.startswith(("model", "tokenizer"))]
    words += ["callbacks.explanations.vocabulary_sentences=20"]
    assert (
        run_train(
            *words,
            "model=transformer",
            "model.name_or_path=bert",
            "data.max_tokens=40",
            "optimizer.learning_rate=0.01",
            "callbacks.explanations.vocabulary_sentences=20",
        )
        == 0
    )
    shutil.rmtree(workspace / "bert")
    tracked = Tracked(workspace)
    metrics = tracked.metrics()
    assert metrics[
        "best/accuracy", int(metrics["best/epoch", max(s for k, s in metrics if k == "best/epoch")][0])
    ]
    assert any(key == "shapley/top2_share_mask" for key, _ in metrics)  # it knows its mask token
    saved = load_model(workspace / "mlruns" / "runs" / tracked.run_id() / "model")
    assert saved.predict(["a great film"])["probability"][0] > 0.5
    assert all(p.dtype == torch.float32 for p in saved.model.parameters())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["guidance.marks=gone.yaml", "guidance.swap=1.0"], "guidance.marks=gone.yaml does not exist"),
        (["guidance.swap=1.0"], "guidance.swap act on marked words: give guidance.marks=FILE.yaml"),
        (["guidance.swap=2.0"], "guidance.swap: input should be less than or equal to 1; got 2.0"),
        (["guidance.mask=0.1"], "guidance.mask act on what a run explained: give guidance.run=RUN_ID"),
        (
            ["guidance.run=x", "guidance.mask=1.5"],
            "guidance.mask: input should be less than or equal to 1; got 1.5",
        ),
        (
            ["guidance.targets=chosen"],
            "guidance.targets: input should be 'explained' or 'random'; got 'chosen'",
        ),
        (["model=bilstm_kd"], "distillation.teacher: a student learns from a teacher, and none was given"),
        (
            ["model=bilstm_kd", "distillation.teacher=x", "distillation.alpha=2"],
            "distillation.alpha: input should be",
        ),
        (
            ["model=bilstm_kd", "distillation.teacher=x", "distillation.temperature=0"],
            "distillation.temperature: in",
        ),
        (
            ["distillation.augmentation.copys=1"],
            "distillation.augmentation.copys: no such key; did you mean copies?",
        ),
        (
            ["distillation.augmentation.mask=-1"],
            "distillation.augmentation.mask: input should be greater than or",
        ),
        (["model=transformer"], "model.name_or_path must be given"),
    ],
)
def test_what_is_wrong_is_one_line(
    workspace: Path,
    run_train: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    small = ["data=csv", "data.path=reviews.csv"]
    assert run_train(*small, *words) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
