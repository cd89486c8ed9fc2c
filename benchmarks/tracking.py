"""What tracking costs: python benchmarks/tracking.py [--epochs 5] [--quick].

Prints, for SQLite and for a local MLflow server (one worker): starting the store, and the log calls of one
epoch (60 metrics, 21 training losses, 3 tables of 1,000 rows, 2 figures and their slider images, flush).
The share is of an epoch of 22 s, which is what `sst2` takes on two cores.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

EPOCH_S = 22.0
N_METRICS, N_TABLES, N_ROWS, N_FIGURES, N_STEPS = 60, 3, 1000, 2, 21


@dataclass(frozen=True)
class Cost:
    """What one place costs, in seconds.

    Attributes:
        place: SQLite or server.
        first_start: Starting the first store, MLflow's import included.
        start: Starting another one.
        epochs: Tracking, per epoch.
        figures: Drawing and writing the figures (not tracking), per epoch.
        close: Ending the run.
    """

    place: str
    first_start: float
    start: float
    epochs: list[float]
    figures: float
    close: float


def measure(place: str, root: Path, uri: str | None, n_epochs: int) -> Cost:
    """Time the calls of a run."""
    from whytrain.tracking.settings import TrackingSettings
    from whytrain.tracking.store import Store

    settings = TrackingSettings(
        uri=uri, experiment="benchmark", log_text=True, directory=str(root / "mlruns"), register=None
    )
    first = Store.start(settings, run_name="first", tags={})
    first.close("FINISHED")
    store = Store.start(settings, run_name="second", tags={})
    start = store.seconds
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(N_ROWS, 8)), columns=list("abcdefgh"))
    frame["text"] = [f"sentence number {row} of the table" for row in range(N_ROWS)]
    figures = [_figure(random) for _ in range(N_FIGURES)]
    epochs, drawing = [], []
    for epoch in range(1, n_epochs + 1):
        before = store.seconds
        for step in range(N_STEPS):
            store.log_metrics({"train/loss": random.random()}, (epoch - 1) * N_STEPS + step + 1)
        store.log_metrics({f"val/metric_{index}": random.random() for index in range(N_METRICS)}, epoch)
        for index in range(N_TABLES):
            store.log_table(frame, f"topic_{index}", epoch=epoch)
        started = time.perf_counter()
        for index, figure in enumerate(figures):
            store.log_figure(figure, f"topic_{index}", epoch=epoch)
        drawing.append(time.perf_counter() - started)
        store.flush()
        epochs.append(store.seconds - before)
    before = store.seconds
    store.close("FINISHED")
    assert store.summary() is None
    return Cost(place, first.seconds, start, epochs, statistics.median(drawing), store.seconds - before)


def _figure(random: np.random.Generator) -> Figure:
    figure = Figure(figsize=(12, 9), dpi=100)
    for axes in figure.subplots(2, 2).flat:
        axes.plot(random.normal(size=(50, 3)).cumsum(axis=0))
        axes.set(title="title", xlabel="epoch", ylabel="value")
    return figure


@contextlib.contextmanager
def server(root: Path) -> Iterator[str]:
    """Run `mlflow server` on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root.mkdir()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{root / 'server.db'}"]
    command += ["--artifacts-destination", str(root / "artifacts")]
    environment = os.environ | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with (root / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        uri = f"http://127.0.0.1:{port}"
        _wait_for(f"{uri}/health", process)
        yield uri
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5)  # noqa: S310  (our own server)
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"no server at {address}")


def report(costs: list[Cost]) -> str:
    """Return the table."""
    columns = f"{'epoch':>8} {'worst':>8} {'share':>7} {'drawing':>8} {'close':>8}"
    lines = [f"{'':8} {'first start':>12} {'start':>8} {columns}"]
    for cost in costs:
        epoch = statistics.median(cost.epochs)
        lines.append(
            f"{cost.place:8} {cost.first_start:10.2f} s {cost.start:6.2f} s {epoch:6.2f} s "
            f"{max(cost.epochs):6.2f} s {epoch / EPOCH_S:6.1%} {cost.figures:6.2f} s {cost.close:6.2f} s"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5, help="epochs to measure (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="SQLite only")
    options = parser.parse_args()
    mpl.use("agg")
    root = Path(tempfile.mkdtemp(prefix="whytrain-tracking-"))
    try:
        costs = [measure("SQLite", root / "sqlite", None, options.epochs)]
        if not options.quick:
            with server(root / "server") as uri:
                costs.append(measure("server", root / "client", uri, options.epochs))
        print(report(costs))
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
