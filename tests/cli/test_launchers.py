"""Jobs in other processes: what they return, that they know their sweep, and that a dead one leaves the others."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext

from whytrain.commands import train
from whytrain.errors import DataError, TrainingError

Make = Callable[..., Launcher]


@pytest.fixture
def make_launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make the launcher of a config, whose jobs do as their seed says: 1 dies, 2 fails, others return."""
    monkeypatch.chdir(tmp_path)

    def task(config: Any) -> tuple[int, str, int]:
        import torch

        if config.seed == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if config.seed == 2:
            raise DataError("nothing to read")
        return config.seed, os.environ["TOLD"], torch.get_num_threads()

    with initialize_config_dir(str(train.CONF), version_base="1.3"):

        def make(*overrides: str) -> Launcher:
            config = compose("train", [*overrides], return_hydra_config=True)
            loader = GlobalHydra.instance().hydra.config_loader
            context = HydraContext(config_loader=loader, callbacks=Callbacks())
            return Plugins.instance().instantiate_launcher(context, task, config)

        yield make


def jobs(*seeds: int, launcher: str = "serial") -> list[list[str]]:
    told = [(seed, f"+hydra.job.env_set.TOLD=job-{seed}") for seed in seeds]
    return [[f"launcher={launcher}", f"seed={seed}", variable] for seed, variable in told]


def value(result: JobReturn) -> Any:
    assert result.status == JobStatus.COMPLETED, result._return_value
    return result.return_value


def test_processes(make_launcher: Make, processes: ForkServerContext) -> None:
    results = make_launcher("launcher=parallel").launch(
        jobs(0, 1, 2, 3, launcher="parallel"), initial_job_idx=0
    )
    assert [value(results[i]) for i in (0, 3)] == [(0, "job-0", 1), (3, "job-3", 1)]
    killed, failed = (results[i]._return_value for i in (1, 2))
    assert isinstance(killed, TrainingError)
    assert str(killed) == "job 1 was killed by SIGKILL"
    assert results[1].overrides == ["launcher=parallel", "seed=1"]
    assert isinstance(failed, DataError)
    assert str(failed) == "nothing to read"
    assert any("Traceback" in note for note in failed.__notes__)


def test_no_more_processes_at_once_than_allowed(
    make_launcher: Make, processes: ForkServerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = make_launcher("launcher=parallel", "hydra.launcher.n_jobs=1")
    alive = []
    original = launcher._run

    def counted(*args: Any) -> Any:
        result = original(*args)
        alive.append(len(launcher._alive))
        return result

    monkeypatch.setattr(launcher, "_run", counted)
    assert [value(r)[0] for r in launcher.launch(jobs(0, 3, 4, launcher="parallel"), initial_job_idx=0)] == [
        0,
        3,
        4,
    ]
    assert alive == [0, 0, 0]


def test_submitit_on_this_machine(make_launcher: Make) -> None:
    launcher = make_launcher("hydra/launcher=submitit_local", "hydra.launcher.cpus_per_task=1")
    results = launcher.launch(jobs(0, 3), initial_job_idx=0)
    assert [value(result)[:2] for result in results] == [(0, "job-0"), (3, "job-3")]


def test_ray_on_this_machine(make_launcher: Make) -> None:
    launcher = make_launcher("launcher=ray", "hydra.launcher.retries=0")
    results = launcher.launch(jobs(0, 1, launcher="ray"), initial_job_idx=0)
    assert value(results[0]) == (0, "job-0", 1)
    assert str(results[1]._return_value).startswith("job 1 died: WorkerCrashedError")
    assert results[1].overrides == ["launcher=ray", "seed=1"]
