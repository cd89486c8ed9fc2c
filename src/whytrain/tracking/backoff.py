"""Trying a server that may be out of reach: how an attempt failed, and when to try again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from whytrain.errors import WhytrainError

_FIRST_PAUSE_S = 10.0
_LONGEST_PAUSE_S = 300.0
_COST_FACTOR = 50.0


def in_one_line(error: Exception) -> str:
    """Return what went wrong: of our own errors all, of others at most 200 characters.

    Of SQLAlchemy's reports it is what the database said.

    >>> in_one_line(ValueError("(raised by a flush) (sqlite3.OperationalError) disk is full [SQL: INSERT]"))
    'disk is full'
    """
    text = " ".join(str(error).split())
    if isinstance(error, WhytrainError):
        return text
    said = re.search(r"\(\w+\.\w+Error\) (.+?) (?:\[SQL|\(Background)", text)
    return (said[1] if said else text)[:200] or type(error).__name__


@dataclass(frozen=True)
class Failure:
    """An attempt to reach MLflow that failed.

    Attributes:
        error: Why.
        cost_s: How long it took, in seconds.
    """

    error: Exception
    cost_s: float


class Patience:
    """Pauses between attempts: often enough to notice a server, seldom enough not to be felt.

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


def attempt(action: Callable[[], object]) -> Failure | None:
    """Run an action that needs MLflow, and return its failure instead of raising it.

    Whatever ails a server or a database is no reason not to train, and MLflow, requests, SQLAlchemy and the
    operating system each raise their own.
    """
    started = time.monotonic()
    try:
        action()
    except Exception as error:
        return Failure(error, time.monotonic() - started)
    return None
