"""How long a training still takes, by what its steps and what lies between its epochs took so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Left(NamedTuple):
    """Seconds that are left; `at_least` where something of them was not measured yet."""

    seconds: float
    at_least: bool


class TimeLeft:
    """Measures steps, and pauses: validation, observation and saving, which take longer in some epochs.

    Times are readings of one clock, in seconds.
    """

    def __init__(self, n_steps: int, is_observed: Sequence[bool]) -> None:
        """Start before the first epoch.

        Args:
            n_steps: of an epoch.
            is_observed: of each epoch.
        """
        self._n_steps, self._is_observed = n_steps, list(is_observed)
        self._epoch = self._done = self._measured = 0
        self._is_warm = False  # the first step also pays for starting
        self._steps_s, self._since = 0.0, 0.0
        self._pauses: dict[bool, list[float]] = {False: [], True: []}
        self._in_pause = False

    def start_epoch(self, epoch: int, now: float) -> None:
        """Begin an epoch, from 0."""
        if self._in_pause:
            self._pauses[self._is_observed[self._epoch]].append(now - self._since)
        self._epoch, self._done, self._since, self._in_pause = epoch, 0, now, False

    def step(self, done: int, now: float) -> None:
        """Note that so many steps of the epoch are done; behind the last one its pause begins."""
        if self._is_warm:
            self._steps_s += now - self._since
            self._measured += done - self._done
        self._is_warm = True
        self._done, self._since, self._in_pause = done, now, done >= self._n_steps

    def left(self, now: float) -> Left:
        """Return how long it still takes."""
        step_s = self._steps_s / self._measured if self._measured else 0.0
        coming = self._is_observed[self._epoch :]
        n_steps = len(coming) * self._n_steps - self._done
        seconds, at_least = max(n_steps, 0) * step_s, not self._measured
        pause_s = {kind: sum(took) / len(took) if took else None for kind, took in self._pauses.items()}
        for is_observed in coming:
            took = pause_s[is_observed]
            at_least = at_least or took is None
            seconds += took or 0.0
        under_way = (pause_s[coming[0]] or 0.0) if self._in_pause else step_s
        return Left(max(seconds - min(now - self._since, under_way), 0.0), at_least)
