"""Thin Lightning callbacks: when to compute, with which budget, what to log."""

from callbacks.checkpoints import Checkpoints
from callbacks.early_stop import EarlyStop
from callbacks.history import History
from callbacks.model_record import ModelRecord
from callbacks.predictions import Predictions
from callbacks.progress import ProgressBars
from callbacks.prune import Prune
from callbacks.run_record import RunRecord

__all__ = [
    "Checkpoints",
    "EarlyStop",
    "History",
    "ModelRecord",
    "Predictions",
    "ProgressBars",
    "Prune",
    "RunRecord",
]
