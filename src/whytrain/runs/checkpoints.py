"""The weights that a run keeps of some of its epochs, each with the learning rate of the steps before."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from whytrain.errors import TrackingError
from whytrain.influence.tracin import LEARNING_RATE
from whytrain.tracking.reader import RunRecord, download

if TYPE_CHECKING:
    from torch import nn

    from whytrain.tracking.recorder import Recorder

_FOLDER = "checkpoints"


def log_weights(store: Recorder, epoch: int, model: nn.Module, learning_rate: float) -> None:
    """Keep a model's weights.

    Args:
        store: of the run.
        epoch: from 1, after which these are the weights.
        model: it.
        learning_rate: mean over the steps that they stand for.
    """
    import safetensors.torch

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"epoch-{epoch:03d}.safetensors"
        safetensors.torch.save_model(model, str(path), {LEARNING_RATE: repr(learning_rate)})
        store.log_artifact(path, _FOLDER)


def read_weights(run: RunRecord) -> dict[str, Path]:
    """Return the files of a run by the name of their epoch, in order; none where it kept none.

    Raises:
        TrackingError: they cannot be had.
    """
    try:
        folder = download(run, _FOLDER)
    except TrackingError:
        return {}
    return {path.stem: path for path in sorted(folder.glob("epoch-*.safetensors"))}
