"""Files and folders that a setting names."""

from __future__ import annotations

from pathlib import Path

from whytrain.errors import MissingDataError


def known_file(path: str, setting: str) -> Path:
    """Return the path with `~` expanded, and without quotation marks that a shell left around it.

    Raises:
        MissingDataError: nothing is there; the message names the setting.
    """
    expanded = Path(path).expanduser()
    if path[:1] in ("'", '"') and path[-1] == path[0] and not expanded.exists():
        expanded = Path(path[1:-1]).expanduser()
    if not expanded.exists():
        hint = "" if expanded.is_absolute() else f" (looked in {Path.cwd()})"
        raise MissingDataError(f"{setting}={path} does not exist{hint}; give an existing path.")
    return expanded
