"""Which teachers a setting names; without torch, for what is checked before anything is loaded."""

from __future__ import annotations

from pathlib import Path


def teachers_of(teacher: str | None) -> tuple[str, ...]:
    """Return the teachers of which a setting speaks: what is a folder is one, whatever it is called.

    >>> teachers_of("one, two"), teachers_of(None)
    (('one', 'two'), ())
    """
    if teacher is None or Path(teacher).expanduser().is_dir():
        return () if teacher is None else (teacher,)
    return tuple(name for name in map(str.strip, teacher.split(",")) if name)
