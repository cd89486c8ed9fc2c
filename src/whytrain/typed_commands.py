"""Commands as the person who started this process can type them."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path


def typed(command: str) -> str:
    """Return what starts one of our commands, such as `train`, in the way in which this process was started.

    That is `python explain.py` from a checkout, and `whytrain explain` else, each with its path where
    the environment is not activated.
    """
    started = Path(sys.argv[0])
    script = started.with_name(f"{command}.py")
    is_script = started.suffix == ".py" and started.name != "__main__.py"
    if is_script and script.is_file() and script.with_name("train.py").is_file():
        return f"{_interpreter()} {_shown(script)}"
    if shutil.which("whytrain") or _beside("whytrain").exists():
        return f"{_program('whytrain')} {command}"
    return f"{_interpreter()} -m whytrain {command}"


def _program(name: str) -> str:
    """Return what starts a program of this environment: its name where the shell finds it, its path else."""
    found = shutil.which(name)
    beside = _beside(name)
    if found is not None and (Path(found).absolute() == beside.absolute() or not beside.exists()):
        return name
    return _shown(beside)


def in_checkout() -> bool:
    """Whether the working directory is a checkout, whose Makefile has our targets."""
    return Path("Makefile").is_file() and Path("train.py").is_file()


def _interpreter() -> str:
    own = Path(sys.executable).absolute()
    names = (
        name
        for name in ("python", "python3")
        if (found := shutil.which(name)) and Path(found).absolute() == own
    )
    return next(names, _shown(own))


def _beside(name: str) -> Path:
    return Path(sys.executable).with_name(name)


def _shown(path: Path) -> str:
    """Return a path as short as it can be typed here."""
    full = Path(os.path.abspath(path))  # not resolved: an environment's interpreter is a link
    here = Path.cwd()
    return shlex.quote(str(full.relative_to(here) if full.is_relative_to(here) else full))
