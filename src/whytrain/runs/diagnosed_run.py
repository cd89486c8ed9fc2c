"""What a tracked run recommends, as the command line of the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whytrain.config.override_words import last_of_each, words_of
from whytrain.diagnosis.overrides import Strategy
from whytrain.errors import ConfigError, TrackingError
from whytrain.runs.config import read_inherited
from whytrain.runs.diagnosis import read_strategies
from whytrain.tracking.reader import RunRecord

KEY = "from_diagnosis"


@dataclass(frozen=True, kw_only=True)
class DiagnosedRun:
    """A run that ended with a diagnosis.

    Attributes:
        run: the run.
        strategies: what it recommends; at least one.
        own_words: of the command line that it was trained with, what is not about itself.
    """

    run: RunRecord
    strategies: tuple[Strategy, ...]
    own_words: tuple[str, ...]

    def words(self, command_line: Sequence[str]) -> list[str]:
        """Return the run's command line, its recommendations, and this command line; the last one wins."""
        recommended = [word for s in self.strategies for word in words_of(s.overrides)]
        return last_of_each([*self.own_words, *recommended, *command_line])


def read_diagnosed(run: RunRecord, called: str) -> DiagnosedRun:
    """Read a run's recommendations and command line.

    Args:
        run: the run.
        called: how the user named it.

    Raises:
        ConfigError: it has no diagnosis, or one that recommends nothing or what it may not.
    """
    try:
        strategies = read_strategies(run, f"{KEY}={called}")
        own_words = tuple(read_inherited(run))
    except TrackingError as error:
        raise ConfigError(
            f"{KEY}={called}: run {run.name} ({run.status}) has no diagnosis; give a run that was "
            f"trained to its end with callbacks=default{run.goes_on}"
        ) from error
    if not strategies:
        raise ConfigError(
            f"{KEY}={called}: run {run.name} recommends no change; its reports/diagnosis.html says why"
        )
    return DiagnosedRun(run=run, strategies=strategies, own_words=own_words)
