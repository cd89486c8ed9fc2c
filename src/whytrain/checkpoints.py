"""Where a run keeps its checkpoints, and which of them can be used to go on."""

from __future__ import annotations

from pathlib import Path

from whytrain.errors import TrackingError


def last_checkpoint(run_folder: Path) -> Path:
    """Where a run keeps what it can go on from."""
    return run_folder / "checkpoints" / "last.ckpt"


def best_checkpoint(run_folder: Path) -> Path:
    """Where a run keeps the weights of its best epoch."""
    return run_folder / "checkpoints" / "best.ckpt"


def previous_checkpoint(path: Path) -> Path:
    """Where the checkpoint before the one at `path` is kept."""
    return path.with_name(f"{path.stem}-previous{path.suffix}")


def usable_checkpoint(run_folder: Path) -> Path | None:
    """Return the last checkpoint, or the one before it where that file is missing or cannot be read.

    None where neither was ever written: the run stopped before its first checkpoint.

    Raises:
        TrackingError: what is there cannot be read.
    """
    import torch

    last = last_checkpoint(run_folder)
    found = [path for path in (last, previous_checkpoint(last)) if path.exists()]
    for path in found:
        try:
            torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except Exception:  # noqa: S112  (a damaged file fails in many ways; what is left decides)
            continue
        return path
    if not found:
        return None
    raise TrackingError(
        f"no checkpoint to go on from in {last.parent}: {' and '.join(path.name for path in found)} "
        "cannot be read; start a new run"
    )


def remove_resumable(run_folder: Path) -> None:
    """Remove what only a run that goes on needs."""
    last, best = last_checkpoint(run_folder), best_checkpoint(run_folder)
    for path in (last, previous_checkpoint(last), previous_checkpoint(best)):
        path.unlink(missing_ok=True)
