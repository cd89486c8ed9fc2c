"""Checkpoints, early stopping, history and progress, each on its own."""

from __future__ import annotations

import io
import math
import re
import signal
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from pytorch_lightning.callbacks import Callback
from rich.console import Console

from whytrain.callbacks.access import counting
from whytrain.callbacks.checkpoints import Checkpoints
from whytrain.callbacks.display.progress import ProgressBars
from whytrain.callbacks.early_stop import EarlyStop
from whytrain.callbacks.history import History
from whytrain.errors import Interrupted
from whytrain.lightning_modules.batch_history import BatchHistory
from whytrain.types import Predictions


class FakeTrainer:
    """What the callbacks look at."""

    def __init__(self, **values: Any) -> None:
        self.saved: list[tuple[str, bool]] = []
        self.callback_metrics: dict[str, torch.Tensor] = {}
        self.current_epoch, self.world_size, self.max_epochs = 0, 1, 5
        self.is_last_batch = self.should_stop = self.sanity_checking = False
        self.is_global_zero, self.logger, self.fit_loop = True, None, None
        self.callbacks: list[Any] = []
        self.strategy = SimpleNamespace(reduce=lambda tensor, reduce_op: tensor)
        self.__dict__.update(values)

    def save_checkpoint(self, path: Path, weights_only: bool = False) -> None:
        self.saved.append((path.name, weights_only))


def settings(**changes: Any) -> Any:
    values = {"checkpoint_minutes": 5.0, "monitor": "val/f1", "mode": "max", "patience": None}
    return SimpleNamespace(**values | changes)


def validated(
    callback: Checkpoints, trainer: FakeTrainer, *scores: float, losses: Sequence[float] = ()
) -> None:
    for score, loss in zip_longest(scores, losses, fillvalue=1.0):
        trainer.callback_metrics = {"val/f1": torch.tensor(score), "val/loss": torch.tensor(loss)}
        callback.on_validation_end(trainer, None)
        trainer.current_epoch += 1


@pytest.mark.parametrize(
    ("mode", "scores", "best_epoch", "best"),
    [
        ("max", [0.5, 0.7, 0.6], 2, 0.7),
        ("max", [0.5, 0.5], 1, 0.5),  # the first of equals
        ("min", [0.5, 0.7, 0.4], 3, 0.4),
        ("max", [float("nan"), 0.1], 2, 0.1),
        ("max", [0.0, -1.0], 1, 0.0),
    ],
)
def test_the_best_epoch(tmp_path, mode, scores, best_epoch, best):
    callback, trainer = Checkpoints(tmp_path, settings(mode=mode), flush=None), FakeTrainer()
    validated(callback, trainer, *scores)
    assert (callback.best_epoch, callback.best_score) == (best_epoch, pytest.approx(best))
    assert trainer.saved[-1] == ("best.ckpt", True)


@pytest.mark.parametrize(
    ("mode", "losses", "best_epoch"),
    [("max", [0.9, 0.4, 0.5], 2), ("min", [0.9, 0.4, 0.4], 2), ("max", [0.4, 0.5, float("nan")], 1)],
)
def test_the_loss_decides_between_equal_scores(tmp_path, mode, losses, best_epoch):
    callback, trainer = Checkpoints(tmp_path, settings(mode=mode), flush=None), FakeTrainer()
    validated(callback, trainer, 0.7, 0.7, 0.7, losses=losses)
    assert callback.best_epoch == best_epoch
    second = Checkpoints(tmp_path, settings(mode=mode), flush=None)
    second.load_state_dict(callback.state_dict())
    validated(second, FakeTrainer(current_epoch=3), 0.7, 0.7, losses=[0.45, 0.3])
    assert second.best_epoch == 5


def test_a_monitor_that_is_never_defined_keeps_the_last_epoch(tmp_path):
    callback, trainer = Checkpoints(tmp_path, settings(), flush=None), FakeTrainer()
    validated(callback, trainer, float("nan"), float("nan"))
    assert callback.best_epoch == 2
    assert math.isnan(callback.best_score)
    validated(callback, trainer, 0.3, float("nan"))  # a value beats none, and is not lost to none
    assert (callback.best_epoch, callback.best_score) == (3, pytest.approx(0.3))
    assert trainer.saved == [("best.ckpt", True)] * 3


def test_the_best_epoch_goes_through_a_checkpoint(tmp_path):
    first, trainer = Checkpoints(tmp_path, settings(), flush=None), FakeTrainer()
    validated(first, trainer, 0.5, 0.9)
    second, trainer = Checkpoints(tmp_path, settings(), flush=None), FakeTrainer(current_epoch=2)
    second.load_state_dict(first.state_dict())
    validated(second, trainer, 0.8)
    assert (second.best_epoch, second.best_score) == (2, pytest.approx(0.9))
    assert trainer.saved == []


def test_everything_is_flushed_before_each_save(tmp_path):
    order = []
    callback = Checkpoints(tmp_path, settings(), flush=lambda: order.append("flush"))
    trainer = FakeTrainer(save_checkpoint=lambda path: order.append(path.name))
    callback.on_train_epoch_end(trainer, None)
    assert order == ["flush", "last.ckpt"]


@pytest.mark.parametrize(("minutes", "n_saved"), [(5.0, 0), (1e-9, 2)])
def test_the_interval(tmp_path, minutes, n_saved):
    callback, trainer = Checkpoints(tmp_path, settings(checkpoint_minutes=minutes), flush=None), FakeTrainer()
    callback.on_train_start(trainer, None)
    for is_last in (False, False, True):  # the last batch's checkpoint comes behind the validation
        trainer.is_last_batch = is_last
        callback.on_train_batch_end(trainer, None, None, None, 0)
    assert len(trainer.saved) == n_saved


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_at_the_next_batch_with_a_checkpoint(tmp_path, number):
    callback, trainer = Checkpoints(tmp_path / "abc", settings(), flush=None), FakeTrainer()
    before = signal.getsignal(number)
    callback.setup(trainer, None, "fit")
    callback.on_train_start(trainer, None)
    signal.raise_signal(number)  # nothing happens within a step
    assert trainer.saved == []
    with pytest.raises(Interrupted, match="resume=abc") as caught:
        callback.on_train_batch_end(trainer, None, None, None, 0)
    assert caught.value.signal_number == number
    assert trainer.saved == [("last.ckpt", False)]
    callback.on_exception(trainer, None, caught.value)
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    callback, trainer = Checkpoints(tmp_path, settings(), flush=None), FakeTrainer()
    callback.setup(trainer, None, "fit")
    try:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
    finally:
        callback.teardown(trainer, None, "fit")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_training_a_signal_stops_at_once(tmp_path, number):
    callback, trainer = Checkpoints(tmp_path / "abc", settings(), flush=None), FakeTrainer()
    callback.setup(trainer, None, "fit")
    callback.on_train_epoch_end(trainer, None)
    callback.on_train_end(trainer, None)
    try:
        with pytest.raises(Interrupted, match="resume=abc"):
            signal.raise_signal(number)
    finally:
        callback.teardown(trainer, None, "fit")


@pytest.mark.parametrize("asked", ["stop", "save"])
def test_processes_agree_before_they_save_or_stop(tmp_path, asked):
    # Another process asks; this one's own clock and signals say no.
    answers = {"stop": [True], "save": [False, True]}[asked]
    seen = []

    def any_rank(decision: bool, all: bool) -> bool:
        seen.append((decision, all))
        return answers[len(seen) - 1]

    trainer = FakeTrainer(world_size=2, strategy=SimpleNamespace(reduce_boolean_decision=any_rank))
    callback = Checkpoints(tmp_path, settings(), flush=None)
    callback.on_train_start(trainer, None)
    if asked == "stop":
        with pytest.raises(Interrupted):
            callback.on_train_batch_end(trainer, None, None, None, 0)
    else:
        callback.on_train_batch_end(trainer, None, None, None, 0)
    assert trainer.saved == [("last.ckpt", False)]
    assert seen == [(False, False)] * len(answers)


def early(trainer: FakeTrainer, callback: EarlyStop, *scores: float) -> list[bool]:
    stops = []
    for score in scores:
        trainer.callback_metrics = {"val/f1": torch.tensor(score)}
        callback._run_early_stopping_check(trainer)
        stops.append(trainer.should_stop)
    return stops


def stopping_trainer() -> FakeTrainer:
    strategy = SimpleNamespace(reduce_boolean_decision=lambda stop, all: stop)
    return FakeTrainer(strategy=strategy, fast_dev_run=False)


def test_patience():
    scores = (0.5, 0.4, 0.6, 0.6, 0.5, 0.9)
    assert early(stopping_trainer(), EarlyStop(settings(patience=2)), *scores) == [
        False,
        False,
        False,
        False,
        True,
        True,
    ]
    assert not any(early(stopping_trainer(), EarlyStop(settings(patience=None)), *scores * 5))
    rising = early(stopping_trainer(), EarlyStop(settings(patience=1, mode="min")), 0.5, 0.6)
    assert rising == [False, True]


@pytest.mark.parametrize(("scores", "stops"), [((0.5, 0.4), True), ((0.5, 0.6), False)])
def test_a_run_killed_behind_the_decision_stops_again(scores, stops):
    first = EarlyStop(settings(patience=1))
    early(stopping_trainer(), first, *scores)
    resumed, trainer = EarlyStop(settings(patience=1)), stopping_trainer()
    resumed.load_state_dict(first.state_dict())
    resumed.on_train_start(trainer, None)
    assert trainer.should_stop is stops


def batches(*rows: tuple[float, ...]) -> BatchHistory:
    history = BatchHistory()
    history.restore(torch.tensor(rows, dtype=torch.float64))
    return history


def epoch(history: History, trainer: FakeTrainer, rows: list[tuple[float, ...]], accuracy: float) -> None:
    trainer.callback_metrics = {"val/accuracy": torch.tensor(accuracy), "other": torch.tensor(1.0)}
    # Two sentences of class 1, each given the probability `accuracy`.
    logits = np.log([[1 - accuracy, accuracy]] * 2)
    predictions = Predictions(logits=logits, labels=np.array([1, 1]))
    module = SimpleNamespace(
        batch_history=batches(*rows), epoch_seconds=0.7, device=torch.device("cpu"), predictions=predictions
    )
    history.on_validation_end(trainer, module)
    trainer.current_epoch += 1


def test_the_history_weighs_batches_by_their_sentences():
    history, trainer = History(), FakeTrainer()
    epoch(history, trainer, [(1.0, 0.5, 0.1, 10), (4.0, 1.0, 0.2, 30)], 0.75)
    [row] = history.epochs
    assert row["train/loss"] == pytest.approx((10 * 1 + 30 * 4) / 40)
    assert row["train/accuracy"] == pytest.approx((5 + 30) / 40)
    assert (row["epoch"], row["val/accuracy"]) == (1.0, 0.75)
    assert row["time/epoch_s"] == 0.7
    assert "other" not in row


def test_the_history_goes_through_a_checkpoint(tmp_path):
    history, trainer = History(), FakeTrainer()
    for accuracy in (0.5, 0.6):
        epoch(history, trainer, [(1.0, 0.5, 0.1, 10)], accuracy)
    torch.save(history.state_dict(), tmp_path / "state")
    resumed = History()
    resumed.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    epoch(resumed, trainer, [(0.5, 0.5, 0.1, 10)], 0.7)
    assert [row["val/accuracy"] for row in resumed.epochs] == pytest.approx([0.5, 0.6, 0.7])
    figures = resumed.figures(best_epoch=3, floor_accuracy=0.55)
    assert set(figures) == {"training", "batches"}


def test_the_losses_of_the_lowest_and_the_last_epoch_go_through_a_checkpoint(tmp_path):
    history, trainer = History(), FakeTrainer()
    assert history.evidence is None
    for accuracy in (0.5, 0.8):
        epoch(history, trainer, [(1.0, 0.5, 0.1, 10)], accuracy)
    torch.save(history.state_dict(), tmp_path / "state")
    resumed = History()
    resumed.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    epoch(resumed, trainer, [(0.5, 0.5, 0.1, 10)], 0.6)
    assert resumed.evidence.lowest_epoch == 2
    assert resumed.evidence.train_loss.tolist() == [1.0, 1.0, 0.5]
    assert resumed.evidence.lowest == pytest.approx(-np.log([0.8, 0.8]))
    assert resumed.evidence.last == pytest.approx(-np.log([0.6, 0.6]))


VALIDATED = {
    f"val/{name}": torch.tensor(value)
    for name, value in {"accuracy": 0.8125, "loss": 0.5, "f1": 0.75, "ece": 0.01}.items()
}


def test_where_there_is_no_terminal_an_epoch_is_one_line():
    stream = io.StringIO()
    bars = ProgressBars(Console(file=stream, width=120))
    trainer = FakeTrainer(callback_metrics=VALIDATED, num_training_batches=3)
    bars.on_train_start(trainer, None)
    bars.on_train_batch_end(trainer, None, None, None, 0)
    bars.on_validation_end(trainer, None)
    bars.teardown(trainer, None, "fit")
    assert stream.getvalue() == (
        "epoch 1/5  val/accuracy 0.812  val/loss 0.500  val/f1 0.750  val/ece 0.010\n"
    )


@pytest.mark.parametrize("end", ["teardown", "on_exception"])
def test_bars_on_a_terminal(end):
    stream = io.StringIO()
    bars = ProgressBars(Console(file=stream, width=120, force_terminal=True))
    trainer = FakeTrainer(callback_metrics=VALIDATED, num_training_batches=3, is_last_batch=True)
    bars.on_train_start(trainer, None)
    try:
        module = SimpleNamespace(batch_history=batches((0.625, 0.5, 0.1, 8)))
        bars.on_train_batch_end(trainer, module, None, None, 2)
        bars.on_validation_end(trainer, module)
    finally:
        getattr(bars, end)(trainer, None, "fit" if end == "teardown" else ValueError())
    shown = stream.getvalue()
    assert "loss 0.625, accuracy 0.50" in shown
    assert "3/15" in shown
    assert bars._bars is None


class Looks(Callback):
    """Looks at three sentences, between the epochs and at the end."""

    topic = "looks"

    def __init__(self) -> None:
        self.shown = ""

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        for sentence in counting(trainer, "sentences")(["a", "b", "c"]):
            if sentence == "c":
                self.shown = trainer.callbacks[0].lines()

    on_fit_end = on_validation_end


class Read(ProgressBars):
    """Says what stands there."""

    def lines(self) -> str:
        if self._bars is None:
            return ""
        page = Console(file=io.StringIO(), width=self.console.width)
        with page.capture() as captured:
            page.print(self._bars._progress.get_renderable())
        return captured.get()


@pytest.mark.parametrize("width", [80, 120])
def test_what_is_looked_at_is_counted(width):
    bars = Read(Console(file=io.StringIO(), width=width, force_terminal=True))
    looks, other = bars.announced([Looks(), Looks()])
    trainer = FakeTrainer(num_training_batches=3, callbacks=[bars], is_last_batch=True, max_epochs=1)
    bars.on_train_start(trainer, None)
    bars.on_train_epoch_start(trainer, None)
    bars.on_train_batch_end(
        trainer, SimpleNamespace(batch_history=batches((0.625, 0.5, 0.1, 8))), None, None, 2
    )
    looks.on_validation_end(trainer, None)
    assert re.search(r"training +━+ +3/3 +0:00:0\d\b", looks.shown)
    assert re.search(r"looks +━+╸?━* +2/3 +sentences", looks.shown)
    looks.on_fit_end(trainer, None)
    assert re.search(r"end of run +0/2", looks.shown)
    assert "loss" not in looks.shown
    assert max(map(len, looks.shown.splitlines())) <= width
    bars.teardown(trainer, None, "fit")
    assert other.shown == ""


def test_where_there_is_no_terminal_a_step_of_the_end_is_one_line():
    stream = io.StringIO()
    bars = Read(Console(file=stream, width=80))
    [looks] = bars.announced([Looks()])
    trainer = FakeTrainer(callback_metrics=VALIDATED, num_training_batches=3, callbacks=[bars])
    bars.on_train_start(trainer, None)
    looks.on_validation_end(trainer, None)
    looks.on_fit_end(trainer, None)
    bars.teardown(trainer, None, "fit")
    assert stream.getvalue() == "end of run 1/1  looks\n"


def test_where_there_is_no_terminal_a_long_step_of_the_end_says_how_far_it_is(monkeypatch):
    monkeypatch.setattr("whytrain.callbacks.display.progress.LINE_S", 0.0)
    stream = io.StringIO()
    bars = Read(Console(file=stream, width=80))
    [looks] = bars.announced([Looks()])
    trainer = FakeTrainer(callback_metrics=VALIDATED, num_training_batches=3, callbacks=[bars])
    bars.on_train_start(trainer, None)
    looks.on_validation_end(trainer, None)  # between two epochs nothing is said
    assert stream.getvalue() == ""
    looks.on_fit_end(trainer, None)
    line = "end of run 1/1  looks"
    assert stream.getvalue().splitlines() == [line, *(f"{line}: {done}/3 sentences" for done in range(3))]


def test_other_ranks_are_silent():
    stream = io.StringIO()
    bars = ProgressBars(Console(file=stream, width=120, force_terminal=True))
    trainer = FakeTrainer(callback_metrics=VALIDATED, num_training_batches=3, is_global_zero=False)
    bars.on_train_start(trainer, None)
    bars.on_validation_end(trainer, None)
    assert stream.getvalue() == ""
