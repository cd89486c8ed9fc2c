"""How a run ends in MLflow: finished, failed or killed, whatever ended it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from whytrain.errors import Interrupted
from whytrain.tracking.store import Store


@contextmanager
def ending(store: Store | None) -> Iterator[None]:
    """Close the store with the status of the body's end: KILLED after a signal, FAILED after an error."""
    try:
        yield
    except BaseException as error:
        if store is not None:
            store.close("KILLED" if isinstance(error, (Interrupted, KeyboardInterrupt)) else "FAILED")
        raise
    if store is not None:
        store.close("FINISHED")
