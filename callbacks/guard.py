"""What observes a training never costs it: an observer that fails is told, and the training goes on."""

from __future__ import annotations

import functools
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.order import Phase, phase_of
from whytrain.errors import Interrupted, LeftOut, TrackingError
from whytrain.tracking.recorder import Recorder

_OBSERVING = (Phase.OBSERVE, Phase.DISTIL, Phase.DIAGNOSE, Phase.REPORT)
# Not `on_fit_start`: there a callback refuses settings, before anything is trained.
_HOOKS = (
    "on_train_batch_end",
    "on_validation_batch_end",
    "on_validation_epoch_end",
    "on_validation_end",
    "on_train_epoch_end",
    "on_train_end",
    "on_fit_end",
)
# The run's records cannot be written, or somebody asked for an end: the training stops, and can be resumed.
_STOPS = (TrackingError, OSError, Interrupted)


@contextmanager
def spared(what: str, store: Recorder | None) -> Iterator[None]:
    """Let a training outlive what only tells of it: an error in the body becomes a warning of one line.

    Args:
        what: fails, as people read it.
        store: keeps the traceback as `errors/<what>.txt`; None where nothing is tracked.
    """
    try:
        yield
    except _STOPS:
        raise
    except Exception as error:
        where = ""
        if store is not None:
            path = f"errors/{what}.txt"
            store.log_text("".join(traceback.format_exception(error)), path)
            where = f"; the run has {path}"
        reason = " ".join(str(error).split())[:200]
        warnings.warn(
            f"{what} failed and is left out: {type(error).__name__}: {reason}{where}", LeftOut, stacklevel=2
        )


def guarded(callbacks: Sequence[Callback], store: Recorder | None) -> list[Callback]:
    """Return the same callbacks; what those that observe raise while and after training is `spared`."""
    for callback in callbacks:
        if phase_of(callback) in _OBSERVING:
            for name in _HOOKS:
                what = f"{type(callback).__name__}.{name}"
                setattr(callback, name, _spared(getattr(callback, name), what, store))
    return list(callbacks)


def _spared(hook: Callable[..., None], what: str, store: Recorder | None) -> Callable[..., None]:
    @functools.wraps(hook)
    def run(*args: Any, **kwargs: Any) -> None:
        with spared(what, store):
            hook(*args, **kwargs)

    return run
