"""A job of a sweep in another process: what goes there, what runs there, what comes back."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import traceback
from collections.abc import Sequence

import cloudpickle
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from whytrain.commands.command_line import quiet_libraries, terminate
from whytrain.config.override_words import key_of
from whytrain.errors import TrainingError, ending_signals

# What one thread per job means to the libraries underneath; they read it when they are loaded.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def one_thread_each(threads: int) -> dict[str, str]:
    """Return the environment in which a job uses so many threads."""
    return dict.fromkeys(_THREADS, str(threads))


def pack(context: HydraContext, config: DictConfig, task_function: TaskFunction) -> bytes:
    """Return what all jobs of a sweep have in common; by value, since the script is no module there."""
    return bytes(cloudpickle.dumps((context, config, task_function, Singleton.get_state())))


def run_packed(packed: bytes, index: int, overrides: Sequence[str]) -> bytes:
    """Run a job, and return its pickled `JobReturn`."""
    setup_globals()
    context, config, task_function, state = pickle.loads(packed)  # noqa: S301  (our own, from `pack`)
    Singleton.set_state(state)
    quiet_libraries()
    if threading.current_thread() is threading.main_thread():
        for number in ending_signals():
            signal.signal(number, terminate)
    job = context.config_loader.load_sweep_config(config, list(overrides))
    with open_dict(job):
        job.hydra.job.id, job.hydra.job.num = f"{job.hydra.job.name}_{index}", index
    HydraConfig.instance().set_config(job)
    result = run_job(
        hydra_context=context,
        config=job,
        task_function=task_function,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
    result.hydra_cfg = None  # large, and nobody asks for it
    return _pickled(result)


def unpack(pickled: bytes) -> JobReturn:
    """Return what `run_packed` returned."""
    result: JobReturn = pickle.loads(pickled)  # noqa: S301  (our own process's)
    return result


def died(overrides: Sequence[str], reason: str) -> JobReturn:
    """Return the result of a job that left none."""
    own = [override for override in overrides if not key_of(override).startswith("hydra.")]
    return JobReturn(overrides=own, status=JobStatus.FAILED, _return_value=TrainingError(reason))


def _pickled(result: JobReturn) -> bytes:
    error = result._return_value
    if isinstance(error, Exception):
        error.add_note("".join(traceback.format_exception(error)))  # a pickled exception loses its traceback
    try:
        pickled = bytes(cloudpickle.dumps(result))
        pickle.loads(pickled)  # noqa: S301  (an exception may be one that pickles but cannot be made again)
    except Exception:
        result._return_value = RuntimeError(f"{type(error).__name__}: {error}")
        pickled = bytes(cloudpickle.dumps(result))
    return pickled


def limit_threads(threads: int) -> None:
    """Let torch use so many threads in this process."""
    os.environ.update(one_thread_each(threads))
    import torch

    torch.set_num_threads(threads)
