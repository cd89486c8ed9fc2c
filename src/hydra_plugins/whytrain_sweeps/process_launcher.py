"""Jobs in processes of this machine, a few at a time; one that dies leaves the others alone."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Annotated

from annotated_types import Ge
from hydra.core.utils import JobReturn, configure_log, env_override
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from hydra_plugins.whytrain_sweeps._job import died, limit_threads, one_thread_each, pack, run_packed, unpack

# Imported once, by the process that all jobs fork from: the job itself then starts in milliseconds.
_PRELOADED = [
    "whytrain.commands.train",
    "whytrain.callbacks",
    "whytrain.lightning_modules",
    "mlflow.store.tracking.sqlalchemy_store",
]


class ProcessLauncher(Launcher):
    """Starts a fresh process for every job."""

    def __init__(self, n_jobs: Annotated[int, Ge(1)], threads: Annotated[int, Ge(1)]) -> None:
        """Take the number of jobs at a time, and of threads of each."""
        self.n_jobs, self.threads = n_jobs, threads
        self._alive: set[BaseProcess] = set()

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what every job needs."""
        self._config = config
        self._packed = pack(hydra_context, config, task_function)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run jobs and return their results in order; a signal ends those that run, and starts no others."""
        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)
        Path(str(self._config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        indices = range(initial_job_idx, initial_job_idx + len(job_overrides))
        with env_override(one_thread_each(self.threads)), ThreadPoolExecutor(self.n_jobs) as pool:
            try:
                results = [
                    pool.submit(self._run, context, i, o) for i, o in zip(indices, job_overrides, strict=True)
                ]
                return [result.result() for result in results]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in list(self._alive):
                    process.terminate()  # it leaves a checkpoint; the pool waits for its end
                raise

    def _run(
        self, context: multiprocessing.context.ForkServerContext, index: int, overrides: Sequence[str]
    ) -> JobReturn:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(
            target=_serve, args=(sender, self.threads, self._packed, index, list(overrides))
        )
        process.start()
        self._alive.add(process)
        sender.close()
        try:
            return unpack(receiver.recv_bytes())
        except EOFError:
            process.join()
            return died(overrides, f"job {index} {_end(process.exitcode or 0)}")
        finally:
            process.join()
            self._alive.discard(process)


def _serve(sender: Connection, threads: int, packed: bytes, index: int, overrides: list[str]) -> None:
    limit_threads(threads)
    sender.send_bytes(run_packed(packed, index, overrides))


def _end(exit_code: int) -> str:
    if exit_code < 0:
        return f"was killed by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"
