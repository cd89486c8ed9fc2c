"""Jobs that write to one MLflow server at once: python benchmarks/server.py [--jobs 8] [--epochs 5].

Starts PostgreSQL and MLflow in a temporary folder (see `make server`), lets every job log what a run logs,
all of them at once, and counts in the database what has arrived. Exits with 1 if anything is lost.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

N_METRICS, N_LOSSES, N_ROWS = 60, 21, 1000  # of an epoch: metrics, training losses, rows of a table


@dataclass(frozen=True)
class Arrived:
    """What jobs sent and what the server holds.

    Attributes:
        sent: metric values that the jobs logged.
        stored: metric values in the database.
        late: jobs of which a busy server did not take all at once, so that the rest was sent from the spool.
        finished: runs that the database calls finished.
        slowest_s: what tracking cost the slowest job, in seconds.
        wall_s: from the first job's start to the last one's end, in seconds.
    """

    sent: int
    stored: int
    late: int
    finished: int
    slowest_s: float
    wall_s: float


def log_job(uri: str, root: str, number: int, n_epochs: int) -> tuple[int, float]:
    """Log a run; return how many metric values it logged, and the seconds that tracking took."""
    from whytrain.tracking.settings import TrackingSettings
    from whytrain.tracking.store import Store

    settings = TrackingSettings(uri=uri, experiment="benchmark", log_text=True, directory=root, register=None)
    store = Store.start(settings, run_name=f"job-{number}", tags={})
    frame = pd.DataFrame({"row": range(N_ROWS), "value": 0.5})
    n_values = 0
    for epoch in range(1, n_epochs + 1):
        for step in range((epoch - 1) * N_LOSSES, epoch * N_LOSSES):
            store.log_metrics({"train/loss": 1 / (step + 1)}, step + 1)
        store.log_metrics({f"val/metric_{i}": number + i / epoch for i in range(N_METRICS)}, epoch)
        store.log_table(frame, "rows", epoch=epoch)
        store.flush()
        n_values += N_LOSSES + N_METRICS
    store.close("FINISHED")
    return n_values, store.seconds


def measure(uri: str, root: Path, database: str, n_jobs: int, n_epochs: int) -> Arrived:
    """Run jobs at once, each a process of its own, and count what the database at libpq's address holds."""
    import psycopg

    from whytrain.tracking.connection import prepare_environment
    from whytrain.tracking.maintenance import replay

    prepare_environment()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mlflow", "mlflow.pyfunc", "whytrain.tracking.store"])
    started = time.perf_counter()
    with context.Pool(n_jobs, maxtasksperchild=1) as pool:
        jobs: Any = [(uri, str(root), number, n_epochs) for number in range(n_jobs)]
        results = pool.starmap(log_job, jobs, chunksize=1)
    wall_s = time.perf_counter() - started
    late = replay(root, None, None)
    with psycopg.connect(database) as connection:
        [[stored]] = connection.execute("SELECT count(*) FROM metrics").fetchall()
        [[finished]] = connection.execute("SELECT count(*) FROM runs WHERE status = 'FINISHED'").fetchall()
    sent = sum(n_values for n_values, _ in results)
    return Arrived(
        sent, int(stored), len(late), int(finished), max(seconds for _, seconds in results), wall_s
    )


def database_of(directory: Path, postgres_port: int) -> str:
    """Return libpq's address of the runs of a server in a folder."""
    about = f"host=127.0.0.1 port={postgres_port} user=whytrain dbname=mlflow"
    return f"{about} passfile='{directory / 'pgpass'}'"


def main() -> int:
    """Measure and print."""
    from whytrain.tracking.server.__main__ import client_environment, free_port, running_server

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=8, help="jobs at once (%(default)s)")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of each (%(default)s)")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="whytrain-server-"))
    root.chmod(0o711)  # PostgreSQL's user must get through
    port = free_port()
    try:
        with running_server(root / "server", 0, port, workers=2) as uri:
            os.environ.update(client_environment(root / "server"))
            database = database_of(root / "server", port)
            arrived = measure(uri, root / "mlruns", database, options.jobs, options.epochs)
    finally:
        shutil.rmtree(root)
    print(
        f"{options.jobs} jobs at once: {arrived.stored} of {arrived.sent} metric values arrived, "
        f"{arrived.finished} runs finished; {arrived.wall_s:.1f} s in all, tracking cost the slowest job "
        f"{arrived.slowest_s:.1f} s; {arrived.late} jobs were sent in part from their spools"
    )
    return int(arrived.stored != arrived.sent or arrived.finished != options.jobs)


if __name__ == "__main__":
    sys.exit(main())
