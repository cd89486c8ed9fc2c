"""The errors that a user can cause and mend: each message says what was expected, what came, what to do.

A command exits with 2 where its words or its config are wrong, what they name is not there included: nothing
has begun, and other words mend it. It exits with 1 where what was begun failed, or what was named cannot be
used: a file without rows, rows of a single class.
"""

import signal
from collections.abc import Iterable


class WhytrainError(Exception):
    """A run cannot go on. The message is one readable line; the command exits with 1."""


class ConfigError(WhytrainError):
    """The command line or the config is wrong. The message lists the valid choices."""


class DataError(WhytrainError):
    """The data cannot be used as it is: bad rows, too few classes, a file that cannot be read."""


class TrackingError(WhytrainError):
    """A tracked run cannot be read or written."""


class MissingDataError(ConfigError, DataError):
    """A file or a column that the command line or the config names is not there."""


class MissingRunError(ConfigError, TrackingError):
    """A run that the command line or the config names is not there."""


class TrainingError(WhytrainError):
    """Training cannot go on: the loss or a gradient is not finite."""


class LeftOut(UserWarning):
    """Something that only tells of a run failed. The message is one readable line."""


class Interrupted(WhytrainError):  # noqa: N818  (no error: somebody asked for it)
    """The user or the system asked the run to stop; a resumable checkpoint was written.

    Attributes:
        signal_number: 2 for Ctrl-C (SIGINT), 15 for SIGTERM, 1 for SIGHUP.
    """

    def __init__(self, signal_number: int, next_step: str = "") -> None:
        """Keep the signal's number: the command exits with 128 + signal_number."""
        name = "Ctrl-C" if signal_number == signal.SIGINT else signal.Signals(signal_number).name
        super().__init__(f"stopped by {name}{'; ' if next_step else ''}{next_step}")
        self.signal_number = signal_number


def refuse(reasons: Iterable[str | None]) -> None:
    """Raise a ConfigError of all reasons that there are; None is no reason."""
    if found := list(filter(None, reasons)):
        raise ConfigError("; ".join(found))


def ending_signals() -> list[signal.Signals]:
    """Return the signals that ask this process to end; a hangup that is ignored (`nohup`) stays so."""
    hangup: list[signal.Signals] = [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []
    return [signal.SIGTERM, *(s for s in hangup if signal.getsignal(s) is not signal.SIG_IGN)]
