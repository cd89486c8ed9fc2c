"""Answers of a server as MLflow's traces, so that they can be looked at in its pages."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from whytrain.tracking.connection import connect, experiment_id
from whytrain.tracking.settings import TrackingSettings

_MOST_WAITING = 500  # answers
_log = logging.getLogger(__name__)


class Traces:
    """Sends answers in a thread of its own: nobody who asks waits for MLflow.

    A store that is slower than the answers, or out of reach, gets only some of them: all of them are in the
    record.

    Attributes:
        n_lost: answers that became no trace.
    """

    def __init__(self, uri: str, experiment: str) -> None:
        """Start with none.

        Args:
            uri: absolute tracking address.
            experiment: its id, see `trace_experiment`.
        """
        connect(uri)
        os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"  # the thread here knows its losses
        import mlflow

        mlflow.set_tracking_uri(uri)
        self._experiment, self.n_lost = experiment, 0
        self._waiting: queue.Queue[Mapping[str, Any] | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._send, name="traces", daemon=True)
        self._thread.start()

    def add(self, entries: Sequence[Mapping[str, Any]], hashes: Sequence[str | None]) -> None:
        """Send entries of the record, with the hash of each there; returns at once."""
        for entry, recorded in zip(entries, hashes, strict=True):
            try:
                self._waiting.put_nowait({**entry, "hash": recorded})
            except queue.Full:
                self._lose()

    def close(self) -> None:
        """Wait until what waits is sent, ten seconds at most."""
        try:
            self._waiting.put(None, timeout=10)
        except queue.Full:
            return
        self._thread.join(10)

    def _send(self) -> None:
        import mlflow

        while (entry := self._waiting.get()) is not None:
            try:
                asked = {name: entry[name] for name in ("text", "text_sha256", "salt") if name in entry}
                model = {
                    f"model.{name}": value for name, value in entry["model"].items() if value is not None
                }
                span = mlflow.start_span_no_context(
                    name="answer",
                    inputs=asked,
                    attributes={"request": entry["request"], "asked_by": entry["asked_by"], **model},
                    tags={} if entry["hash"] is None else {"record": entry["hash"]},
                    experiment_id=self._experiment,
                )
                span.end(outputs=entry["answer"])
            except Exception:  # MLflow and its store raise their own
                self._lose()

    def _lose(self) -> None:
        self.n_lost += 1
        if self.n_lost == 1:
            _log.warning("MLflow is slower than the answers, or out of reach: some become no trace")


def trace_experiment(tracking: TrackingSettings, name: str) -> str:
    """Return the id of an experiment, which is made if it is not there.

    Raises:
        TrackingError: the address is out of reach.
    """
    return experiment_id(connect(tracking.address), name, tracking.artifact_location)
