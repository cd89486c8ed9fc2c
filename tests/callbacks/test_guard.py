"""What observes a training never costs it."""

from __future__ import annotations

from typing import Any

import pytest
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.guard import guarded, spared
from whytrain.callbacks.order import Phase
from whytrain.errors import ConfigError, DataError, Interrupted, LeftOut, TrackingError
from whytrain.tracking.memory_store import MemoryStore


class Failing(Callback):
    def __init__(self, error: Exception, phase: Phase) -> None:
        self.error, self.phase = error, phase

    def on_fit_start(self, *_: Any) -> None:
        raise self.error

    def on_validation_end(self, *_: Any) -> None:
        raise self.error

    def on_fit_end(self, *_: Any) -> None:
        raise self.error


@pytest.mark.parametrize("phase", [Phase.OBSERVE, Phase.DISTIL, Phase.DIAGNOSE, Phase.REPORT])
def test_an_observer_that_fails_is_told_and_left_out(phase: Phase) -> None:
    store = MemoryStore()
    [callback] = guarded([Failing(DataError("needs 2 rows,\ngot 1"), phase)], store)
    for hook in ("on_validation_end", "on_fit_end"):
        with pytest.warns(
            LeftOut, match=rf"^Failing\.{hook} failed .*: DataError: needs 2 rows, got 1; the run"
        ):
            getattr(callback, hook)(None, None)
        assert "in on_" in store.texts[f"errors/Failing.{hook}.txt"]
    with pytest.raises(DataError):  # nothing is trained yet: a setting that cannot be is refused
        callback.on_fit_start(None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("phase", [Phase.RECORD, Phase.STOP, Phase.PACKAGE, Phase.SAVE])
def test_what_a_run_consists_of_fails_as_it_is(phase: Phase) -> None:
    [callback] = guarded([Failing(ConfigError("no"), phase)], None)
    with pytest.raises(ConfigError):
        callback.on_fit_end(None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [Interrupted(15), TrackingError("gone"), OSError(28, "No space left")])
def test_an_end_that_can_be_resumed_is_one(error: Exception) -> None:
    with pytest.raises(type(error)), spared("page", MemoryStore()):
        raise error
