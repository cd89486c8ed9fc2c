"""Whom a student learns from, as a config names them; known without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def teachers_of(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return each teacher: runs, or folders.

    >>> teachers_of(None), teachers_of("first"), teachers_of(["first", "models/second"])
    ((), ('first',), ('first', 'models/second'))
    """
    return (given,) if isinstance(given, str) else tuple(given or ())


def folder_of(teacher: str) -> Path | None:
    """Return the folder of a saved model that is meant; None where a run is."""
    folder = Path(teacher).expanduser()
    return folder if folder.is_dir() else None
