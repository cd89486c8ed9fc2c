"""Checkpoints that survive the death of the process that writes them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO

from whytrain.checkpoints import previous_checkpoint
from whytrain.errors import TrainingError


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
        except (
            OSError,
            RuntimeError,
        ) as error:  # torch reports a full disk as a RuntimeError of its zip writer
            temporary.unlink(missing_ok=True)
            raise TrainingError(
                f"the checkpoint {path} cannot be written ({' '.join(str(error).split())[:200]}); the one "
                "before it is untouched: make room on the disk and go on with resume=RUN_ID"
            ) from error
        if path.exists():
            path.replace(previous_checkpoint(path))
        temporary.replace(path)
