"""What a monitoring system may read of the server: counts of all its worker processes."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from whytrain.serving.settings import MEASURES_VARIABLE

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Measures:
    """Counters and histograms, in the text format of Prometheus."""

    def __init__(self) -> None:
        """Start at zero."""
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "whytrain_requests_total", "Requests.", ["path", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "whytrain_request_seconds",
            "Seconds to the answer.",
            ["path"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.answers = Counter(
            "whytrain_answers_total", "Answers, by what was said.", ["label"], registry=self._registry
        )
        self.abstained = Counter(
            "whytrain_abstained_total", "Answers that said to abstain.", registry=self._registry
        )
        self.loads = Counter(
            "whytrain_model_loads_total", "Models loaded.", ["version"], registry=self._registry
        )

    def text(self) -> bytes:
        """Return everything, of all worker processes where there are several."""
        if MEASURES_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # without annotations
        return generate_latest(together)
