"""How much an observer does in every epoch: a constant of the config, or what a share of the time allows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from whytrain.tracking.recorder import Recorder

_log = logging.getLogger(__name__)


class Budget:
    """A constant amount of work per epoch, counted in a unit of the observer's own.

    Without a share of the time no clock decides: two runs of one config do the same on any machine, idle or
    busy. With one, the first epoch measures what fits into it, and that is the limit from then on.

    Attributes:
        limit: units of work per epoch; None: all there is.
        time_share: largest share of an epoch's time; None: any, or measured already.
    """

    def __init__(
        self, topic: str, name: str, unit: str, *, limit: int | None, time_share: float | None
    ) -> None:
        """Start with what the config says.

        Args:
            topic: the observer, as its section under `callbacks` is called.
            name: key of the limit in that section.
            unit: what is counted, in the plural.
            limit: units of work per epoch; None: all.
            time_share: largest share of an epoch's time; None: any.
        """
        self.topic, self.name, self.unit = topic, name, unit
        self.limit, self.time_share = limit, time_share

    def allowed(self, whole: int) -> int:
        """Return how many of so many units an epoch may do."""
        return whole if self.limit is None else min(whole, self.limit)

    def measure(self, store: Recorder, epoch_s: float, whole: int, sample: Callable[[], int]) -> None:
        """Fix the limit by the share of an epoch's time, if there is one and it was not measured before.

        Args:
            store: gets the limit as a param.
            epoch_s: seconds of the epoch, without what observes it.
            whole: units of all the work.
            sample: does a small part of it, which is always done, and returns its units.
        """
        if self.time_share is None:
            return
        sample()  # the first time also pays for starting
        started = time.perf_counter()
        n_units = sample()
        seconds = time.perf_counter() - started
        affordable = max(n_units, int(self.time_share * epoch_s * n_units / seconds))
        self.limit = self.allowed(min(whole, affordable))
        store.log_params({f"{self.topic}/{self.name}": self.limit})
        if self.limit < whole:
            _log.warning(
                "%s: callbacks.%s.time_share=%g allows %s of %s %s per epoch on this machine, now and from "
                "here on; null would allow all",
                self.topic,
                self.topic,
                self.time_share,
                f"{self.limit:,}",
                f"{whole:,}",
                self.unit,
            )
        self.time_share = None

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to go on with the same."""
        return {"limit": self.limit, "time_share": self.time_share}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with an earlier run's."""
        self.limit, self.time_share = state["limit"], state["time_share"]
