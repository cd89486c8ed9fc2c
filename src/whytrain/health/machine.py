"""Python, torch, memory and disk of this machine."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from whytrain.counted import counted
from whytrain.data.cache import cache_directory
from whytrain.health.check import Check

LEAST_MEMORY_GB, LEAST_DISK_GB = 2.0, 1.0  # a default run with its environment takes less


def machine_checks(root: Path) -> list[Check]:
    """Look at the machine.

    Args:
        root: the tracking folder.
    """
    return [
        _python(),
        _torch(),
        _memory(),
        _disk("disk of runs", root),
        _disk("disk of cache", cache_directory()),
    ]


def _python() -> Check:
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Check(
        subject="Python", status="ok", found=f"{platform.python_version()}, {counted(n_cores or 1, 'core')}"
    )


def _torch() -> Check:
    try:
        import torch
    except (ImportError, OSError) as error:
        advice = "pip install --force-reinstall torch"
        return Check(subject="torch", status="problem", found=_line(error), advice=advice)
    n_gpus = torch.cuda.device_count()
    device = f"{n_gpus} × {torch.cuda.get_device_name(0)}" if n_gpus else "no GPU"
    found = f"{torch.__version__}, {counted(torch.get_num_threads(), 'thread')}, {device}"
    return Check(subject="torch", status="ok", found=found, advice="trainer=gpu" if n_gpus else "")


def _memory() -> Check:
    try:
        lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
        free = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) / 1e6
    except (OSError, StopIteration, ValueError):
        return Check(subject="memory", status="ok", found="not known on this system")
    enough = free >= LEAST_MEMORY_GB
    return Check(
        subject="memory",
        status="ok" if enough else "problem",
        found=f"{free:.1f} GB free",
        advice="" if enough else "end other programs, or data.batch_size=16",
    )


def _disk(subject: str, path: Path) -> Check:
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free / 1e9
    enough = free >= LEAST_DISK_GB
    advice = "" if enough else "make room: python -m whytrain.tracking usage"
    return Check(
        subject=subject, status="ok" if enough else "problem", found=f"{free:.1f} GB free", advice=advice
    )


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
