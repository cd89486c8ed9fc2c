"""Where the checkpoint before the last one is kept, and which of the two can be used."""

from __future__ import annotations

from pathlib import Path

import torch

from whytrain.errors import TrackingError


def previous_checkpoint(path: Path) -> Path:
    """Where the checkpoint before the one at `path` is kept."""
    return path.with_name(f"{path.stem}-previous{path.suffix}")


def usable_checkpoint(path: Path) -> Path | None:
    """Return `path`, or the checkpoint before it where that file is missing or cannot be read.

    None where neither was ever written: the run stopped before its first checkpoint.

    Raises:
        TrackingError: what is there cannot be read.
    """
    candidates = [path, previous_checkpoint(path)]
    for candidate in candidates:
        try:
            torch.load(candidate, map_location="cpu", weights_only=True, mmap=True)
        except Exception:  # noqa: S112  (a damaged file fails in many ways; what is left decides)
            continue
        return candidate
    found = [candidate.name for candidate in candidates if candidate.exists()]
    if not found:
        return None
    raise TrackingError(
        f"no checkpoint to go on from in {path.parent}: {' and '.join(found)} cannot be read; start a new run"
    )
