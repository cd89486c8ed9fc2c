"""Jobs on a Ray cluster, or on Ray started here."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from annotated_types import Ge
from hydra.core.utils import JobReturn, configure_log
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from hydra_plugins.whytrain_sweeps._job import died, one_thread_each, pack, run_packed, unpack
from whytrain.errors import TrainingError
from whytrain.extras import require


class RayLauncher(Launcher):
    """Runs every job as a Ray task; Ray starts one again whose process or node died, and it goes on."""

    def __init__(
        self,
        address: str | None,
        num_cpus: Annotated[int, Ge(1)],
        cpus_per_job: Annotated[int, Ge(1)],
        gpus_per_job: Annotated[float, Ge(0)],
        retries: Annotated[int, Ge(0)],
    ) -> None:
        """Take where Ray is, and what a job needs."""
        self.address, self.num_cpus = address, num_cpus
        self.cpus_per_job, self.gpus_per_job, self.retries = cpus_per_job, gpus_per_job, retries
        # Workers know the folder of the script that started Ray, and no other place of imports.
        found = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._environment = one_thread_each(cpus_per_job) | found

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what every job needs.

        Raises:
            ConfigError: Ray is not installed.
        """
        require("ray")
        self._config = config
        self._packed = pack(hydra_context, config, task_function)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run jobs and return their results in order."""
        import ray

        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)
        Path(str(self._config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        self._connect()
        try:
            as_task = ray.remote(
                num_cpus=self.cpus_per_job, num_gpus=self.gpus_per_job, max_retries=self.retries
            )
            run = as_task(run_packed)
            common = ray.put(self._packed)
            indices = range(initial_job_idx, initial_job_idx + len(job_overrides))
            running = [run.remote(common, i, list(o)) for i, o in zip(indices, job_overrides, strict=True)]
            results = []
            for index, task, overrides in zip(indices, running, job_overrides, strict=True):
                try:
                    results.append(unpack(ray.get(task)))
                except ray.exceptions.RayError as error:
                    last = str(error).strip().splitlines()[-1:]
                    reason = " ".join([f"job {index} died: {type(error).__name__}", *last])
                    results.append(died(overrides, reason))
            return results
        finally:
            ray.shutdown()

    def _connect(self) -> None:
        import ray

        is_local = self.address is None
        try:
            ray.init(
                address=self.address,
                num_cpus=self.num_cpus if is_local else None,
                include_dashboard=False if is_local else None,
                runtime_env={"env_vars": self._environment},
                logging_level=logging.ERROR,
                log_to_driver=False,
            )
        except Exception as error:  # Ray's own are bare ones, and it waits 30 s at most
            reason = " ".join(str(error).split())[:200]
            raise TrainingError(
                f"Ray is not there (hydra.launcher.address={self.address}): {reason}; see docs/sweeps.md, or "
                "use launcher=parallel"
            ) from error
