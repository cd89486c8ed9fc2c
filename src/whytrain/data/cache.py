"""The cache folder outside the repository, and writes that other processes never see half done."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from whytrain.errors import DataError

_LOG = logging.getLogger(__name__)
T = TypeVar("T")


class CacheError(DataError):
    """The cache folder cannot be written, for example because the disk is full."""


def cache_directory() -> Path:
    """Return the folder that keeps downloads and tokenized data between runs.

    `WHYTRAIN_CACHE`, or `whytrain` under `XDG_CACHE_HOME` (`~/.cache` where that is unset).
    """
    chosen = os.environ.get("WHYTRAIN_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whytrain"


def remembered(
    path: Path, read: Callable[[Path], T | None], make: Callable[[], T], write: Callable[[Path, T], None]
) -> T:
    """Return what an earlier run kept at `path`, or make it and keep it there.

    Of several processes one makes it and the others wait. Where the cache cannot be written, the run
    goes on without it.

    Args:
        path: file or folder in the cache.
        read: returns None where nothing is there, or what is there is damaged.
        make: called where nothing can be read.
        write: writes the value to a new path.
    """
    value = read(path)
    if value is not None:
        return value
    try:
        with exclusive(path):
            value = read(path)
            if value is None:
                value = make()
                with staged(path) as staging:
                    write(staging / path.name, value)
    except CacheError as error:
        _LOG.warning("%s The run goes on without this cache.", error)
    return make() if value is None else value


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock of `path`: one process at a time makes it, the others wait and then find it."""
    lock = FileLock(path.with_name(path.name + ".lock"))
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; what the caller makes in it under `path.name` becomes `path`.

    The move is one rename, so that `path` is absent, old or complete, never partly written. Hold
    `exclusive(path)` around it.

    Raises:
        CacheError: if the disk is full or the folder cannot be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        try:
            yield folder
            made = folder / path.name
            if made.is_dir() and path.exists():
                path.rename(folder / "replaced")  # a rename does not replace a folder that has files
            made.replace(path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an operating-system error while `path` is written into one readable line.

    Raises:
        CacheError: if the disk is full or the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = "the disk is full; make room"
        else:
            reason = error.strerror or str(error)
        raise CacheError(
            f"Cannot write {path}: {reason}, or set WHYTRAIN_CACHE to a folder on another disk."
        ) from error
