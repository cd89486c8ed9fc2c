"""Files that a setting names."""

from __future__ import annotations

from pathlib import Path

from whytrain.errors import MissingDataError


def known_file(path: str, setting: str, *, folder: bool = False) -> Path:
    """Return the path with `~` expanded, and without quotation marks that a shell left around it.

    Args:
        path: as it was given.
        setting: where, for messages.
        folder: whether a folder is meant.

    Raises:
        MissingDataError: nothing is there, or a folder where a file is meant.
    """
    expanded = Path(path).expanduser()
    if path[:1] in ("'", '"') and path[-1] == path[0] and not expanded.exists():
        expanded = Path(path[1:-1]).expanduser()
    if not expanded.exists():
        hint = "" if expanded.is_absolute() else f" (looked in {Path.cwd()})"
        raise MissingDataError(f"{setting}={path} does not exist{hint}; give an existing path.")
    if expanded.is_dir() and not folder:
        raise MissingDataError(f"{setting}={path} is a folder; give a file in it.")
    return expanded
