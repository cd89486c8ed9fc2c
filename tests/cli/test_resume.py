"""A run that was stopped, wherever, ends as if nothing had happened."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
import torch
import train_processes
import yaml
from small_runs import RECIPE, SMALL, Tracked, assert_same_run, without_times

EVERY_BATCH = "trainer.checkpoint_minutes=0.0000001"
STEPS_PER_EPOCH = 9


def test_what_is_compared_says_something(uninterrupted: Tracked):
    metrics = uninterrupted.metrics()
    keys = {key for key, _ in metrics}
    assert {"train/loss", "val/loss", "best/accuracy", "last/f1", "floor/accuracy", "time/epoch_s"} <= keys
    assert {step for key, step in metrics if key == "train/loss"} == {1, 2}
    assert metrics["train/loss", 2] < metrics["train/loss", 1]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        pytest.param(2, [], id="before-the-first-checkpoint"),
        pytest.param(STEPS_PER_EPOCH + 3, [], id="from-an-epochs-end"),
        pytest.param(4, [EVERY_BATCH], id="from-mid-epoch"),
        pytest.param(STEPS_PER_EPOCH + 4, [EVERY_BATCH], id="from-the-second-epochs-middle"),
    ],
)
def test_sigkill_after_a_step(
    workspace: Path,
    tracked: Tracked,
    uninterrupted: Tracked,
    run_process: Callable[..., int],
    step: int,
    words: list[str],
):
    assert run_process(workspace, *RECIPE, *words, fate=("step", step)) == -signal.SIGKILL
    assert tracked.runs() == {tracked.run_id(): "RUNNING"}
    if step < STEPS_PER_EPOCH:
        assert tracked.checkpoint().exists() == bool(words)
    assert run_process(workspace, f"resume={tracked.run_id()}") == 0, tracked.output()
    assert_same_run(tracked, uninterrupted)


def test_sigkill_before_anything_was_logged(
    workspace: Path, tracked: Tracked, uninterrupted: Tracked, run_process: Callable[..., int]
):
    assert run_process(workspace, *RECIPE, fate=("opened", 0)) == -signal.SIGKILL
    assert run_process(workspace, f"resume={tracked.run_id()[:8]}") == 0, tracked.output()
    assert_same_run(tracked, uninterrupted)
    assert tracked.params() == uninterrupted.params()
    folder = tracked.folder / "mlruns" / "artifacts" / tracked.run_id() / "artifacts"
    assert yaml.safe_load((folder / "overrides.yaml").read_text())["overrides"] == list(RECIPE)


@pytest.mark.parametrize("seed", [0, 1])
def test_sigkill_at_random_moments(
    workspace: Path, tracked: Tracked, uninterrupted: Tracked, run_process: Callable[..., int], seed: int
):
    # A whole run has about 220 such moments: logging, sending, and both halves of saving a checkpoint.
    chosen = random.Random(seed)
    lives = [30 + chosen.randrange(90), 10 + chosen.randrange(60)]
    assert run_process(workspace, *RECIPE, EVERY_BATCH, fate=("event", lives[0])) == -signal.SIGKILL
    resume = f"resume={tracked.run_id()}"
    assert run_process(workspace, resume, fate=("event", lives[1])) == -signal.SIGKILL
    assert run_process(workspace, resume) == 0, tracked.output()
    assert_same_run(tracked, uninterrupted)


@pytest.mark.parametrize(
    ("number", "code", "name"),
    [(signal.SIGTERM, 143, "SIGTERM"), (signal.SIGINT, 130, "Ctrl-C"), (signal.SIGHUP, 129, "SIGHUP")],
)
def test_a_signal_leaves_a_killed_run_that_goes_on(
    workspace: Path,
    tracked: Tracked,
    uninterrupted: Tracked,
    run_process: Callable[..., int],
    number: int,
    code: int,
    name: str,
):
    assert run_process(workspace, *RECIPE, fate=("signal", number)) == code
    run_id = tracked.run_id()
    assert tracked.runs() == {run_id: "KILLED"}
    last_line = tracked.output().splitlines()[-1]
    assert last_line.startswith(f"stopped by {name}; go on with: ")
    assert last_line.endswith(f"train.py resume={run_id}")  # it was started from a checkout's script
    assert "Traceback" not in tracked.output()
    assert "Received" not in tracked.output()  # Lightning has a line of its own about SIGTERM
    assert run_process(workspace, f"resume={run_id}") == 0, tracked.output()
    assert_same_run(tracked, uninterrupted)
    # Everything is done: a second time says so, and leaves the run as it is.
    assert run_process(workspace, f"resume={run_id}") == 2
    assert tracked.output() == (
        f"error: resume={run_id}: this run is finished; trainer.max_epochs=N beside it trains N epochs more, "
        "from its best weights and as a run of its own\n"
    )
    assert_same_run(tracked, uninterrupted)


def test_a_finished_run_is_trained_further_as_a_run_of_its_own(
    uninterrupted: Tracked, tmp_path: Path, run_process: Callable[..., int]
):
    shutil.copytree(uninterrupted.folder, tmp_path / "copy", symlinks=True)
    copy = Tracked(tmp_path / "copy")
    first, before = copy.run_id(), copy.metrics()
    best = torch.load(copy.checkpoint("best"), weights_only=True)["state_dict"]
    # By so little that the weights of the last step tell from which the training began.
    words = ["resume=stopped", "trainer.max_epochs=1", "optimizer.learning_rate=1e-12"]
    assert run_process(copy.folder, *words) == 0, copy.output()
    assert "stopped is finished: 1 epoch more from its best weights, as a run of its own" in copy.output()
    [second] = copy.runs().keys() - {first}
    assert set(copy.runs().values()) == {"FINISHED"}
    for name, value in copy.weights().items():
        # Adam moves a weight by about the learning rate in each of nine steps.
        torch.testing.assert_close(value, best[f"model.{name}"], rtol=0, atol=1e-9)
    assert copy.tags(second)["started_from"] == first
    assert {step for key, step in copy.metrics(second) if key == "val/loss"} == {1}
    assert copy.metrics(first) == before
    assert run_process(copy.folder, f"resume={first}", "trainer.max_epochs=1", "seed=3") == 2
    assert copy.output().endswith("a finished run is trained further as it was; leave out seed=3\n")


@pytest.fixture(scope="module")
def killed(make_workspace: Callable[[], Path], run_process: Callable[..., int]) -> Tracked:
    """A run that was killed in its second epoch, with two checkpoints."""
    folder = make_workspace()
    assert run_process(folder, *RECIPE, EVERY_BATCH, fate=("step", STEPS_PER_EPOCH + 2)) == -signal.SIGKILL
    return Tracked(folder)


@pytest.fixture
def copy_of_killed(killed: Tracked, tmp_path: Path) -> Tracked:
    folder = tmp_path / "copy"
    shutil.copytree(killed.folder, folder, symlinks=True)
    return Tracked(folder)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_truncated_last_checkpoint(
    copy_of_killed: Tracked, uninterrupted: Tracked, run_process: Callable[..., int]
):
    halve(copy_of_killed.checkpoint())
    assert run_process(copy_of_killed.folder, f"resume={copy_of_killed.run_id()}") == 0
    assert_same_run(copy_of_killed, uninterrupted)


def test_both_truncated_is_one_line_and_nothing_changes(
    copy_of_killed: Tracked, run_process: Callable[..., int]
):
    for name in ("last", "last-previous"):
        halve(copy_of_killed.checkpoint(name))
    before = copy_of_killed.runs(), copy_of_killed.metrics()
    assert run_process(copy_of_killed.folder, f"resume={copy_of_killed.run_id()}") == 1
    [line] = copy_of_killed.output().splitlines()
    assert line.startswith("error: no checkpoint to go on from in ")
    assert line.endswith("last.ckpt and last-previous.ckpt cannot be read; start a new run")
    assert (copy_of_killed.runs(), copy_of_killed.metrics()) == before


def test_a_resumed_run_takes_no_other_config(copy_of_killed: Tracked, run_process: Callable[..., int]):
    before = copy_of_killed.runs(), copy_of_killed.metrics()
    words = [f"resume={copy_of_killed.run_id()}", "seed=7", "model=bilstm"]
    assert run_process(copy_of_killed.folder, *words) == 2
    [line] = copy_of_killed.output().splitlines()
    assert "leave out seed=7, model=bilstm" in line
    assert (copy_of_killed.runs(), copy_of_killed.metrics()) == before


def test_early_stopping(workspace: Path, tracked: Tracked, run_process: Callable[..., int]):
    words = [
        *RECIPE,
        "trainer.max_epochs=30",
        "trainer.patience=1",
        "trainer.monitor=val/loss",
    ]
    assert run_process(workspace, *words) == 0, tracked.output()
    losses = [
        v[0] for (key, _), v in sorted(tracked.metrics().items(), key=lambda m: m[0][1]) if key == "val/loss"
    ]
    assert 2 <= len(losses) < 30
    assert losses[-1] >= min(losses[:-1])
    assert losses[:-1] == sorted(losses[:-1], reverse=True)  # the first epoch without a gain was the last


def test_two_commands_at_once_in_an_empty_folder(
    tmp_path: Path, reviews: Path, uninterrupted: Tracked, processes: ForkServerContext
):
    shutil.copy(reviews, tmp_path / "reviews.csv")
    moment, names = time.time() + 1.0, ("first.pt", "second.pt")
    started = [
        processes.Process(target=train_processes.start_at, args=(moment, tmp_path, RECIPE, name))
        for name in names
    ]
    for process in started:
        process.start()
    for process in started:
        process.join()
    tracked = Tracked(tmp_path)
    assert [process.exitcode for process in started] == [0, 0], tracked.output()
    runs = tracked.runs()
    assert sorted(runs.values()) == ["FINISHED", "FINISHED"]
    # Fresh runs of one config are equal bit by bit, whatever runs beside them.
    for name in names:
        assert all(torch.equal(v, uninterrupted.weights()[key]) for key, v in tracked.weights(name).items())
    for run_id in runs:
        assert without_times(tracked.metrics(run_id)) == without_times(uninterrupted.metrics())


def test_two_processes_train_as_one_run(workspace: Path, tracked: Tracked, run_process: Callable[..., int]):
    probe = "+callbacks.probe._target_=rank_probe.RankProbe"
    words = [*SMALL, "model=bilstm_opt", "callbacks=none", "trainer=ddp", "trainer.accelerator=cpu", probe]
    # Checkpoints after every batch: both processes must agree on when.
    assert run_process(workspace, *words, EVERY_BATCH, "trainer.max_epochs=2") == 0, tracked.output()
    assert tracked.runs() == {tracked.run_id(): "FINISHED"}
    ranks = [torch.load(workspace / f"rank-{rank}.pt", weights_only=True) for rank in (0, 1)]
    for name, value in ranks[0]["weights"].items():
        assert torch.equal(value, ranks[1]["weights"][name]), name
    for epochs in zip(ranks[0]["rows"], ranks[1]["rows"], strict=True):
        assert len(epochs[0]) == len(epochs[1]) > 2
        rows = sorted(row for batches in epochs for batch in batches for row in batch)
        assert rows == list(range(len(rows)))
        assert len(rows) > 100
    metrics = tracked.metrics()
    assert metrics[
        "best/accuracy", int(metrics["best/epoch", max(s for k, s in metrics if k == "best/epoch")][0])
    ]
    assert all(len(values) == 1 for values in metrics.values())
