"""Names that say what a run is."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from whytrain.config.override_words import values_of
from whytrain.tracking.spool import full_disk

MADE_NAME = "made_name"  # tag with the name that was made for a run whose user gave none


def described(base: str, overrides: Sequence[str], varied: Collection[str], *, said: Collection[str]) -> str:
    """Return a name for a job of a sweep: what it is, and what tells it from the other jobs.

    Args:
        base: what is trained on what, or the name that the user gave the jobs.
        overrides: the command line as `key=value`.
        varied: keys that tell the jobs of a sweep apart.
        said: keys that `base` speaks of.

    >>> described("bilstm-csv", ["seed=1", "model.dropout=0.30000001"], ["model.dropout", "seed"], said=())
    'bilstm-csv-seed1-dropout0.3'
    """
    changes = [
        (key, value) for key, value in values_of(overrides).items() if key in varied and key not in said
    ]
    words = [f"{key.rpartition('.')[2]}{_short(value)}" for key, value in changes]
    return "-".join([base, *words])


def free_name(root: Path, base: str) -> str:
    """Return `base-001`, or the number behind the largest that was given here, which nobody else gets.

    Two processes never get the same name: a file of that name is made for each.

    Args:
        root: the tracking folder.
        base: what the run is.

    Raises:
        TrackingError: the folder cannot be written.
    """
    folder = root / "names"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise full_disk(error, root) from error
    taken = [
        path.name.removeprefix(f"{base}-") for path in folder.iterdir() if path.name.startswith(f"{base}-")
    ]
    number = max((int(end) for end in taken if end.isdecimal()), default=0)
    while True:
        number += 1
        name = f"{base}-{number:03d}"
        try:
            (folder / name).touch(exist_ok=False)
        except FileExistsError:
            continue
        return name


def _short(value: str) -> str:
    try:
        return f"{float(value):.3g}"
    except ValueError:
        return re.sub(r"[^\w.+]+", "_", value)[-24:]
