"""What a tracked run recommends, as the command line of the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from whytrain.config.override_words import key_of, last_of_each, words_of
from whytrain.diagnosis.overrides import OVERRIDES_PATH, Strategy, read_plan
from whytrain.errors import ConfigError, TrackingError
from whytrain.tracking.reader import RunRecord, download, find_run

KEY = "from_diagnosis"
# What a run's command line says of itself and of no other run.
_OWN_AFFAIRS = (KEY, "run_name", "resume", "tracking", "hydra")


@dataclass(frozen=True)
class DiagnosedRun:
    """A run that ended with a diagnosis.

    Attributes:
        run: the run.
        strategies: what it recommends; at least one.
        own_words: the command line that it was trained with.
    """

    run: RunRecord
    strategies: tuple[Strategy, ...]
    own_words: tuple[str, ...]

    def words(self, command_line: Sequence[str]) -> list[str]:
        """Return the run's command line, its recommendations, and this command line; the last one wins."""
        own = [word for word in self.own_words if key_of(word).partition(".")[0] not in _OWN_AFFAIRS]
        recommended = [word for s in self.strategies for word in words_of(s.overrides)]
        return last_of_each([*own, *recommended, *command_line])


def read_diagnosed(uri: str, id_or_name: str) -> DiagnosedRun:
    """Read a run's recommendations and command line.

    Raises:
        TrackingError: there is no such run.
        ConfigError: it has no diagnosis, or one that recommends nothing or what it may not.
    """
    run = find_run(uri, id_or_name)
    try:
        text = download(run, OVERRIDES_PATH).read_text("utf-8")
        own = yaml.safe_load(download(run, "overrides.yaml").read_text("utf-8"))["overrides"]
    except TrackingError as error:
        raise ConfigError(
            f"{KEY}={id_or_name}: run {run.name} ({run.status}) has no diagnosis; give a run that was "
            "trained to its end with callbacks=default"
        ) from error
    strategies = read_plan(text, f"{KEY}={id_or_name}")
    if not strategies:
        raise ConfigError(
            f"{KEY}={id_or_name}: run {run.name} recommends no change; its reports/diagnosis.html says why"
        )
    return DiagnosedRun(run, strategies, tuple(map(str, own)))
