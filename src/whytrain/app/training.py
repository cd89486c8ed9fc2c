"""Runs that train in the background: the next one, and its control behind it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Literal

from whytrain.app.planning import CONTROL, Plan
from whytrain.data.corpus import Corpus

_EPOCH = re.compile(r"^epoch (\d+)/(\d+)\s+val/accuracy (\d\.\d+)", re.MULTILINE)
_NEXT_STEP = re.compile(r"; go on with: (.+)$", re.MULTILINE)
_ERROR = re.compile(r"^error: (.+)$", re.MULTILINE)
State = Literal["training", "finished", "failed", "stopped"]


class Training:
    """Runs that train one after the other, each in a process of its own.

    Attributes:
        plan: what the first one is trained with.
        name: of the run that trains now, or trained last.
        trained: names of those that are finished.
    """

    def __init__(self, plan: Plan, corpus: Corpus | None) -> None:
        """Start it.

        Args:
            plan: of the run.
            corpus: its data, where a control shall follow; else None.

        Raises:
            ConfigError: there is too little data for a control.
        """
        plan.write(corpus)
        self.plan, self.trained, self._asked_to_stop = plan, list[str](), False
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._begin(plan.name, plan.words)
        further = [] if corpus is None else [(f"{plan.name}{CONTROL}", plan.control_words)]
        threading.Thread(target=self._go_on, args=(further,), daemon=True).start()

    def _begin(self, name: str, words: Sequence[str]) -> None:
        self.name, self.log = name, self.plan.folder / f"{name}.log"
        with self.log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "whytrain", "train", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C ends the page, and not the training
            )

    def _go_on(self, further: Sequence[tuple[str, Sequence[str]]]) -> None:
        for name, words in [*further, ("", ())]:
            if self._process.wait() != 0:
                break
            self.trained.append(self.name)
            with self._lock:
                if self._asked_to_stop or not name:
                    break
                self._begin(name, words)
        self._ended.set()

    @property
    def state(self) -> State:
        """How it stands."""
        if not self._ended.is_set():
            return "training"
        if self._asked_to_stop:
            return "stopped"
        return "finished" if self._process.returncode == 0 else "failed"

    @property
    def epochs(self) -> tuple[int, int, float] | None:
        """Epochs done, of how many, and validation accuracy; None before the first."""
        found = _EPOCH.findall(self.said)
        return None if not found else (int(found[-1][0]), int(found[-1][1]), float(found[-1][2]))

    @property
    def share(self) -> float | None:
        """The share of the epochs that is done; None before the first."""
        epochs = self.epochs
        return None if epochs is None else epochs[0] / epochs[1]

    @property
    def next_step(self) -> str | None:
        """The command by which a stopped one goes on; None where it left no checkpoint."""
        found = _NEXT_STEP.search(self.said)
        return found and found[1]

    @property
    def said(self) -> str:
        """What it printed so far."""
        return self.log.read_text("utf-8", "replace")

    @property
    def error(self) -> str:
        """What went wrong, in a line."""
        found = _ERROR.findall(self.said)
        return found[-1] if found else f"see {self.log}"

    def stop(self) -> None:
        """Let it end with a checkpoint to go on from, marked as stopped; what has ended stays as it is."""
        with self._lock:
            if self._ended.is_set():
                return
            self._asked_to_stop = True
            if self._process.poll() is None:
                os.kill(self._process.pid, signal.SIGTERM)
