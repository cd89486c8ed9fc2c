"""Thin Lightning callbacks: when to compute, with which budget, what to log."""

from whytrain.callbacks.checkpoints import Checkpoints
from whytrain.callbacks.early_stop import EarlyStop
from whytrain.callbacks.history import History
from whytrain.callbacks.model_record import ModelRecord
from whytrain.callbacks.order import Phase, in_order
from whytrain.callbacks.predictions import Predictions
from whytrain.callbacks.progress import ProgressBars
from whytrain.callbacks.prune import Prune
from whytrain.callbacks.run_record import RunRecord

__all__ = [
    "Checkpoints",
    "EarlyStop",
    "History",
    "ModelRecord",
    "Phase",
    "Predictions",
    "ProgressBars",
    "Prune",
    "RunRecord",
    "in_order",
]
