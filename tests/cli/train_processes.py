"""Training commands in processes of their own: started at once, stopped and killed at chosen moments."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from small_runs import WEIGHTS

from whytrain import callbacks
from whytrain.callbacks import describe_run
from whytrain.commands import train
from whytrain.lightning_modules.classifier import Classifier
from whytrain.tracking.spool import Spool
from whytrain.tracking.store import Store

Fate = tuple[Literal["opened", "step", "event", "signal"], int]

ROOT = Path(__file__).parents[2]


def run(folder: Path, words: tuple[str, ...], fate: Fate | None = None, weights: str = WEIGHTS) -> None:
    """Be `whytrain train WORDS` in a folder; what it prints goes to output.txt there.

    Figures and the packaged model, which take most of the time of a small run, are left out.

    Args:
        folder: the working directory.
        words: of the command line.
        fate: ("opened", 0): SIGKILL before anything but the run's name is logged. ("step", n): SIGKILL after n optimizer steps. ("event", n): SIGKILL before or after the n-th
            thing that touches the disk. ("signal", number): send the signal to itself after 3 steps.
        weights: name of the file that will hold the weights after the last step.
    """
    os.chdir(folder)
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # for the second process of a distributed run
    # As a script: a distributed run starts its other processes with this file and these words.
    sys.argv = [str(ROOT / "train.py"), *words]
    with (folder / "output.txt").open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    torch.set_num_threads(1)
    Store.log_figure = lambda *args, **kwargs: None  # type: ignore[method-assign]
    callbacks.DescribeModel.on_fit_end = lambda *args: None  # type: ignore[method-assign]
    describe_run._environment = lambda: ""
    _keep_final_weights(folder / weights)
    if fate is not None:
        _FATES[fate[0]](fate[1])
    train.main()


def start_at(moment: float, folder: Path, words: tuple[str, ...], weights: str) -> None:
    """Be the command from a moment (seconds since 1970) on, for which other processes wait too."""
    time.sleep(max(0.0, moment - time.time()))
    run(folder, words, weights=weights)


def _keep_final_weights(path: Path) -> None:
    def on_train_end(self: Classifier) -> None:
        torch.save(self.model.state_dict(), path)

    Classifier.on_train_end = on_train_end  # type: ignore[method-assign]


def _after_step(n: int, number: int) -> None:
    original = callbacks.Checkpoints.on_train_batch_end

    def on_train_batch_end(self: Any, trainer: Any, *args: Any) -> None:
        arrived = trainer.global_step == n
        if arrived and number != signal.SIGKILL:
            os.kill(os.getpid(), number)
        original(self, trainer, *args)
        if arrived and number == signal.SIGKILL:
            os.kill(os.getpid(), number)

    callbacks.Checkpoints.on_train_batch_end = on_train_batch_end  # type: ignore[method-assign]


def _when_opened(_: int) -> None:
    def log_config(*args: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    describe_run.log_config = log_config


def _at_event(n: int) -> None:
    events = itertools.count(1)

    def fatal(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            if next(events) == n:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args, **kwargs)
            if next(events) == n:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return called

    for owner, name in [(Spool, "append"), (Spool, "rotate"), (Path, "replace"), (torch, "save")]:
        setattr(owner, name, fatal(getattr(owner, name)))


_FATES: dict[str, Callable[[int], None]] = {
    "opened": _when_opened,
    "step": lambda n: _after_step(n, signal.SIGKILL),
    "event": _at_event,
    "signal": lambda number: _after_step(3, number),
}
