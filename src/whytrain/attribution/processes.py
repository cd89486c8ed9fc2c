"""Batches of texts explained by several processes of this machine, or by those of a Ray cluster."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

import torch

from whytrain.attribution.bulk import RowMaker, Spread
from whytrain.attribution.journal import Row
from whytrain.errors import WhytrainError
from whytrain.extras import require

_RETRIES = 2  # times that a batch is explained anew whose process died
_AHEAD = 2  # batches that wait for each process

_made: list[RowMaker] = []  # what explains, in a worker process


def on_processes(make: Callable[[], RowMaker], n_workers: int) -> Spread:
    """Return what has batches explained by processes of this machine, each on a thread of its own.

    Args:
        make: makes what explains, in each process; it is sent there.
        n_workers: processes.
    """

    def spread(batches: Iterable[Sequence[str]]) -> Iterator[tuple[int, list[Row]]]:
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        with ProcessPoolExecutor(n_workers, context, _begin, (make,)) as pool:
            numbered = enumerate(batches)
            running: dict[Future[list[Row]], int] = {}
            try:
                while True:
                    for number, batch in islice(numbered, n_workers * _AHEAD - len(running)):
                        running[pool.submit(_explained, list(batch))] = number
                    if not running:
                        return
                    for done in wait(running, return_when=FIRST_COMPLETED).done:
                        yield running.pop(done), done.result()
            except BrokenProcessPool as error:
                raise WhytrainError(
                    "a process that explained texts was killed, perhaps for memory: the same command goes on "
                    "where it stopped; workers=1 takes less memory"
                ) from error
            finally:
                pool.shutdown(cancel_futures=True)

    return spread


def on_ray(make: Callable[[], RowMaker], address: str | None, n_workers: int) -> Spread:
    """Return what has batches explained by actors of Ray; one whose node dies is started again elsewhere.

    Args:
        make: makes what explains, in each actor; it is sent there.
        address: of a cluster; None: Ray is started here.
        n_workers: actors, with a core each.
    """

    def spread(batches: Iterable[Sequence[str]]) -> Iterator[tuple[int, list[Row]]]:
        require("ray")
        import ray

        # Workers know the folder of the script that started Ray, and no other place of imports.
        found = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
        ray.init(
            address=address,
            num_cpus=n_workers if address is None else None,
            include_dashboard=False if address is None else None,
            runtime_env={"env_vars": found},
            logging_level=logging.ERROR,
            log_to_driver=False,
        )
        try:
            actor = ray.remote(num_cpus=1, max_restarts=_RETRIES, max_task_retries=_RETRIES)(_Explaining)
            free: list[Any] = [actor.remote(make) for _ in range(n_workers)]
            numbered = enumerate(batches)
            running: dict[Any, tuple[int, Any]] = {}
            while True:
                for number, batch in islice(numbered, len(free)):
                    worker = free.pop()
                    running[worker.rows.remote(list(batch))] = (number, worker)
                if not running:
                    return
                for done in ray.wait([*running])[0]:
                    number, worker = running.pop(done)
                    yield number, ray.get(done)
                    free.append(worker)
        finally:
            ray.shutdown()

    return spread


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Explaining:
    """What explains, in a process of Ray."""

    def __init__(self, make: Callable[[], RowMaker]) -> None:
        _begin(make)

    def rows(self, texts: list[str]) -> list[Row]:
        return _explained(texts)


def _begin(make: Callable[[], RowMaker]) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    _made.append(make())


def _explained(texts: list[str]) -> list[Row]:
    return _made[-1](texts)
