"""When to try an unreachable server again: often enough to notice it, seldom enough not to be felt."""

from __future__ import annotations

import time

_FIRST_PAUSE_S = 10.0
_LONGEST_PAUSE_S = 300.0
_COST_FACTOR = 50.0


class Patience:
    """Pauses between attempts.

    The pause doubles with every failure in a row, from 10 s to 300 s, and is never shorter than 50 times
    what the attempt cost: a server that lets requests hang takes at most 2% of a run.

    Attributes:
        failures: Failed attempts in a row.
    """

    def __init__(self) -> None:
        """Begin with no failure."""
        self.failures = 0
        self._next_attempt = 0.0

    def is_time(self) -> bool:
        """Tell whether an attempt may be made now."""
        return self.failures == 0 or time.monotonic() >= self._next_attempt

    def succeeded(self) -> None:
        """Start over."""
        self.failures = 0

    def failed(self, cost_s: float) -> None:
        """Note a failure and what it cost in seconds."""
        pause = min(_FIRST_PAUSE_S * 2**self.failures, _LONGEST_PAUSE_S)
        self.failures += 1
        self._next_attempt = time.monotonic() + max(pause, _COST_FACTOR * cost_s)
