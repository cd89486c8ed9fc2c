"""Checkpoints that survive the death of the process that writes them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO

from whytrain.errors import TrackingError, TrainingError


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint beside its place and then renames it, keeping the one before."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Save to `path`; what was there becomes `<stem>-previous<suffix>`.

        Raises:
            TrainingError: the disk is full or the folder cannot be written.
        """
        path = Path(path)
        temporary = path.with_name(f".{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError of its zip writer
            temporary.unlink(missing_ok=True)
            raise TrainingError(
                f"the checkpoint {path} cannot be written ({' '.join(str(error).split())[:200]}); the one before "
                "it is untouched: make room on the disk and go on with resume=RUN_ID"
            ) from error
        if path.exists():
            path.replace(previous_checkpoint(path))
        temporary.replace(path)


def previous_checkpoint(path: Path) -> Path:
    """Where the checkpoint before the one at `path` is kept."""
    return path.with_name(f"{path.stem}-previous{path.suffix}")


def usable_checkpoint(path: Path) -> Path:
    """Return `path`, or the checkpoint before it where that file is missing or cannot be read.

    Raises:
        TrackingError: neither can be used.
    """
    candidates = [path, previous_checkpoint(path)]
    for candidate in candidates:
        try:
            torch.load(candidate, map_location="cpu", weights_only=True, mmap=True)
        except Exception:  # a damaged file fails in many ways
            continue
        return candidate
    found = [candidate.name for candidate in candidates if candidate.exists()]
    state = f"{', '.join(found)} cannot be read" if found else "there is none"
    raise TrackingError(
        f"no checkpoint to go on from in {path.parent}: {state}; a finished run keeps none, start a new one"
    )
