"""The progress bars of a training, which fit on a terminal of 80 columns."""

from __future__ import annotations

import math
import time
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from whytrain.callbacks.display.time_left import TimeLeft

_BESIDES = 56  # characters of a line beside its bar; where they do not fit, the note is left out


class Bars:
    """A bar of the training, one of its epoch, and one of what is done between and behind the epochs."""

    def __init__(self, console: Console, n_steps: int, left: TimeLeft) -> None:
        """Show them; `n_steps` are those of the whole training."""
        room = console.width - _BESIDES
        columns = [TextColumn("{task.description:<12}"), BarColumn(min(40, max(4, room))), _Count()]
        self._progress = Progress(
            *columns, *([_Note(left)] if room > 0 else []), console=console, refresh_per_second=5
        )
        self._run = self._progress.add_task("training", total=n_steps, note=None)
        self._epoch = self._progress.add_task("epoch", total=None, note="")
        self._stage = self._progress.add_task("", total=None, note="", visible=False)
        self._progress.start()

    def train(self, epoch: str, done: int, of: int, all_done: int, note: str) -> None:
        """Say how many steps of an epoch, and of the training, are done."""
        self._progress.update(self._run, completed=all_done)
        self._progress.update(self._epoch, description=epoch, completed=done, total=of, note=note)
        self._progress.update(self._stage, visible=False)

    def end(self, done: int, of: int) -> None:
        """Say how many steps of the end are done."""
        self._progress.update(self._epoch, description="end of run", completed=done, total=of, note="")

    def stage(self, name: str) -> None:
        """Say what is being done."""
        # A new task: its clock, which moves the bar of a stage that counts nothing, starts with it.
        self._progress.remove_task(self._stage)
        self._stage = self._progress.add_task(name, total=None, note="")

    def count(self, done: int, of: int | None, what: str) -> None:
        """Say how much of the stage is done."""
        self._progress.update(self._stage, completed=done, total=of, note=what)

    def stop(self) -> None:
        """Leave them as they are."""
        self._progress.update(self._stage, visible=False)
        self._progress.stop()


class _Count(ProgressColumn):
    """What is done, and of how much where that is known."""

    def render(self, task: Task) -> Text:
        if task.total is None:
            return Text(f"{task.completed:,.0f}" if task.completed else "")
        return Text(f"{task.completed:,.0f}/{task.total:,.0f}")


class _Note(ProgressColumn):
    """A task's note; of the training, which has none, the time that it took and that is left."""

    def __init__(self, left: TimeLeft) -> None:
        super().__init__()
        self._left = left

    def render(self, task: Task) -> Text:
        if task.fields["note"] is not None:
            return Text(task.fields["note"])
        took = timedelta(seconds=int(task.elapsed or 0))
        if task.finished:
            return Text(str(took))
        seconds, at_least = self._left.left(time.monotonic())
        more = "at least " if at_least else ""
        return Text(f"{took}, left {more}{timedelta(seconds=math.ceil(seconds))}")
