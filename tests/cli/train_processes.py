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

import callbacks
import train
from lightning_modules.classifier import Classifier
from whytrain.tracking.spool import Spool

Death = tuple[Literal["step", "event", "signal"], int]
WEIGHTS = "weights-{rank}.pt"


def run(folder: Path, words: tuple[str, ...], fate: Death | None = None, *, whole: bool = False) -> None:
    """Be `python train.py WORDS` in a folder.

    The weights after the last step are written there, one file per rank.

    Args:
        folder: the working directory.
        words: of the command line.
        fate: ("step", n): SIGKILL after n optimizer steps. ("event", n): SIGKILL before or after the n-th
            thing that touches the disk. ("signal", number): send the signal to itself after 3 steps.
        whole: also draw figures and package the model, which takes most of the time of a small run.
    """
    os.chdir(folder)
    sys.argv = [train.__file__, *words]
    torch.set_num_threads(1)
    with (folder / "output.txt").open("w", buffering=1) as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    if not whole:
        _leave_out_what_takes_long()
    _keep_final_weights()
    if fate is not None:
        _FATES[fate[0]](fate[1])
    train.main()


def start_at(moment: float, folder: Path, words: tuple[str, ...]) -> None:
    """Be the command from a moment on that other processes wait for too."""
    time.sleep(max(0.0, moment - time.time()))
    run(folder, words)


def _leave_out_what_takes_long() -> None:
    from callbacks import run_record
    from whytrain.tracking.store import Store

    Store.log_figure = lambda *args, **kwargs: None  # type: ignore[method-assign]
    callbacks.ModelRecord.on_fit_end = lambda *args: None  # type: ignore[method-assign]
    run_record._environment = lambda: ""
    run_record.git_tags = dict


def _keep_final_weights() -> None:
    def on_train_end(self: Classifier) -> None:
        rank = self.trainer.global_rank
        torch.save(self.model.state_dict(), WEIGHTS.format(rank=rank))

    Classifier.on_train_end = on_train_end  # type: ignore[method-assign]


def _after_step(n: int, number: int) -> None:
    original = callbacks.Checkpoints.on_train_batch_end

    def on_train_batch_end(self: Any, trainer: Any, *args: Any) -> None:
        if trainer.global_step == n and number != signal.SIGKILL:
            os.kill(os.getpid(), number)
        original(self, trainer, *args)
        if trainer.global_step == n and number == signal.SIGKILL:
            os.kill(os.getpid(), number)

    callbacks.Checkpoints.on_train_batch_end = on_train_batch_end  # type: ignore[method-assign]


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
    "step": lambda n: _after_step(n, signal.SIGKILL),
    "event": _at_event,
    "signal": lambda number: _after_step(3, number),
}
